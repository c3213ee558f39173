export {
  actAs,
  authenticate,
  expressAuthentication,
  fastifyAuthentication,
  iisAuthentication,
  koaAuthentication,
} from './http.js';
export type {
  ActAs,
  ActAsOptions,
  AuthenticatedRequest,
  ExpressMiddleware,
  FastifyHook,
  Handshake,
  HandshakeStep,
  HttpAuthenticationOptions,
  KoaContext,
  KoaMiddleware,
  Negotiator,
} from './http.js';
