import './index';
export {
  DeclarationError,
  type DeclarationProblem,
  type ImpersonationOption,
  type OperationOptions,
  type ResolveCaller,
  type ServiceOptions,
} from './declarative/declaration';
export { fastifyImpersonation, type FastifyPlugin } from './declarative/fastify';
export {
  OperationGuard,
  OperationInterceptor,
  type NestCallHandler,
  type NestContext,
  type NestObservable,
} from './declarative/nest';
export { operation, type DeclareOperation, type OperationDecorator } from './declarative/operation';
export {
  declare,
  service,
  validate,
  type DeclareOptions,
  type ServiceDecorator,
} from './declarative/service';
