export {
  Impersonation,
  ImpersonationError,
  Token,
  impersonate,
  lookupAccount,
  runSync,
  setStrictHandles,
  withoutToken,
} from './index.js';
export type {
  Account,
  DeniedMessage,
  FsContext,
  HandleLeakMessage,
  Identities,
  ImpersonationLevel,
  LeakMessage,
  Principal,
  Privilege,
  RestrictOptions,
  ScopeLeakMessage,
  ScopeMessage,
} from './index.js';
