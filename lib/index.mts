export {
  Impersonation,
  ImpersonationError,
  Token,
  impersonate,
  lookupAccount,
  runSync,
  withoutToken,
} from './index.js';
export type { Account, ImpersonationLevel, Principal, Privilege, RestrictOptions } from './index.js';
