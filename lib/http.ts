import './index';
export { actAs, type ActAs, type ActAsOptions, type ResolveUser } from './http/act-as';
export { expressAuthentication, type ExpressMiddleware } from './http/express';
export { fastifyAuthentication, type FastifyHook } from './http/fastify';
export { iisAuthentication, type IisRequest } from './http/iis';
export { koaAuthentication, type KoaContext, type KoaMiddleware } from './http/koa';
export { authenticate, type AuthenticatedRequest } from './http/node';
export type { HttpAuthenticationOptions } from './http/options';
export type { ConnectionOptions, Handshake, HandshakeStep, Negotiator } from './negotiate/negotiator';
