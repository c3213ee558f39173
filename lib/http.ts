import './index';
export { actAs, type ActAs, type ActAsOptions, type ResolveUser } from './http/act-as';
export { expressAuthentication, type ExpressMiddleware } from './http/express';
export { fastifyAuthentication, type FastifyHook } from './http/fastify';
export { iisAuthentication, type IisRequest } from './http/iis';
export { koaAuthentication, type KoaContext, type KoaMiddleware } from './http/koa';
export { authenticate, type AuthenticatedRequest } from './http/node';
export type { HttpAuthenticationOptions } from './http/options';
export { NegotiateAgent, type NegotiateAgentOptions } from './http/outgoing/agent';
export { NegotiateDispatcher, type DispatchOptions } from './http/outgoing/dispatcher';
export { createNegotiateFetch, type NegotiateFetch } from './http/outgoing/fetch';
export type { NegotiateHttpOptions } from './http/outgoing/options';
export type { DispatchController, DispatchHandler } from './http/outgoing/response-handler';
export { tlsServerEndPoint } from './negotiate/channel-bindings';
export type {
  ClientHandshakeLike,
  ClientHandshakeOptions,
  ClientHandshakeStep,
  ClientNegotiator,
} from './negotiate/initiator';
export type { ConnectionOptions, Handshake, HandshakeStep, Negotiator } from './negotiate/negotiator';
