export { Impersonation, ImpersonationError, Token, lookupAccount } from './index.js';
export type { Account, ImpersonationLevel, Principal, Privilege, RestrictOptions } from './index.js';
