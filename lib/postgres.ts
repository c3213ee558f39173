import './index';
export type {
  ClientHandshakeLike,
  ClientHandshakeOptions,
  ClientHandshakeStep,
  ClientNegotiator,
} from './negotiate/initiator';
export { gssStream, type MakeGssSocket } from './postgres/gss-stream';
export type { GssStreamOptions } from './postgres/options';
export type { GssSocket } from './postgres/stream';
export { UserPools, type UserPoolsOptions } from './postgres/user-pools';
