/**
 * What the native addon gives to lib/. Everything here is synchronous on the calling thread unless it returns
 * a promise, and throws what `NativeHooks.createError` makes.
 */

/** An open token: positive, and never another token's while it is open. */
export type TokenId = number;

/** An open scope of the calling thread. */
export type ScopeId = number;

/** 0 anonymous, 1 identification, 2 impersonation, 3 delegation. */
export type NativeLevel = 0 | 1 | 2 | 3;

export interface NativePrincipal {
  kind: 'user' | 'group';
  /** A SID in string form on Windows, a decimal uid or gid on Linux. */
  id: string;
}

export interface NativePrivilege {
  name: string;
  enabled: boolean;
}

export interface NativeDescription {
  user: NativePrincipal;
  groups: NativePrincipal[];
  denyOnlyGroups: NativePrincipal[];
  privileges: NativePrivilege[];
  /** Null for a primary token. */
  level: NativeLevel | null;
  /** Empty where there is none. */
  logonId: string;
  anonymous: boolean;
}

export interface NativeAccount {
  name: string;
  /** Empty on Linux. */
  domain: string;
}

export interface NativeRestrictions {
  denyOnly: string[];
  removePrivileges: string[];
  dropAllGroups: boolean;
  dropGroups: string[];
}

export interface NativeHooks {
  /** `errno` is 0 and `syscall` empty for errors that are not the operating system's. */
  createError(message: string, code: string, errno: number, syscall: string): Error;
  /** A scope was found open after its code had ended. The thread has been reverted; must not return. */
  onLeak(where: string): void;
}

export interface Native {
  readonly port: 'win32' | 'linux' | 'unsupported';

  /** Must be called before anything else, once per environment; a later call replaces the hooks. */
  initialize(hooks: NativeHooks): void;

  processToken(): TokenId;
  /** What the kernel says this thread impersonates; 0 if nothing. */
  threadToken(): TokenId;
  anonymousToken(): TokenId;
  tokenForUser(name: string): Promise<TokenId>;
  tokenFromHandle(handle: bigint, adopt: boolean): TokenId;
  restrictToken(token: TokenId, restrictions: NativeRestrictions): TokenId;
  duplicateToken(token: TokenId, level: NativeLevel): TokenId;
  describeToken(token: TokenId): NativeDescription;
  equalTokens(a: TokenId, b: TokenId): boolean;
  /** False if it was closed already. */
  closeToken(token: TokenId): boolean;
  /** Open tokens of the whole process. */
  tokenCount(): number;
  tokenLimit(): number;
  setTokenLimit(limit: number): void;

  lookupAccount(kind: 'user' | 'group', id: string): Promise<NativeAccount | null>;

  enter(token: TokenId): ScopeId;
  /**
   * 0 the innermost scope was left, 1 inner scopes were left with it, 2 nothing was done because it encloses a
   * callback of runSync that is still running, 3 it was not open.
   */
  leave(scope: ScopeId): 0 | 1 | 2 | 3;
  /** Leaves every scope of this thread; returns how many there were. */
  leaveAll(): number;
  /** Open scopes of this thread. */
  depth(): number;
  /** The innermost scope's token: the id it was entered with, or 0. */
  currentTokenId(): TokenId;
  /** The innermost scope's token under a new id of its own; 0 outside every scope. */
  currentToken(): TokenId;
  /** Set, call, restore in one native frame. `args` go to `fn`, which gets an undefined receiver. */
  runSync<A extends unknown[], R>(token: TokenId, fn: (...args: A) => R, ...args: A): R;
  /** Calls `fn` with the thread out of its scopes. */
  runAtBaseline<R>(fn: () => R): R;

  /** Calls `fn`, which changes the process's own credentials, while no thread is or can come into a scope. */
  changeCredentials<R>(fn: () => R): R;

  /** Writes the message to standard error at once. */
  print(message: string): void;
  /** Writes the message to standard error and ends the process, from any thread. */
  die(message: string, exitCode: number): never;
}
