export {
  NegotiateAgent,
  NegotiateDispatcher,
  actAs,
  authenticate,
  createNegotiateFetch,
  expressAuthentication,
  fastifyAuthentication,
  iisAuthentication,
  koaAuthentication,
  tlsServerEndPoint,
} from './http.js';
export type * from './http.js';
