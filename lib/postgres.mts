export { UserPools, gssStream } from './postgres.js';
export type * from './postgres.js';
