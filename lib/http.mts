export { authenticate, expressAuthentication, fastifyAuthentication, koaAuthentication } from './http.js';
export type {
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
