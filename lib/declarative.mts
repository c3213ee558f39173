export {
  DeclarationError,
  OperationGuard,
  OperationInterceptor,
  declare,
  fastifyImpersonation,
  operation,
  service,
  validate,
} from './declarative.js';
export type * from './declarative.js';
