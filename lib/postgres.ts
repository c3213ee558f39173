import './index';
export type {
  ClientHandshakeLike,
  ClientHandshakeOptions,
  ClientHandshakeStep,
  ClientNegotiator,
} from './negotiate/initiator';
export { gssStream, type MakeConnection } from './postgres/gss-stream';
export type { GssStreamOptions } from './postgres/options';
export { UserPools, type UserPoolsOptions } from './postgres/user-pools';
