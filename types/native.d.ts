/**
 * What the native addon gives to lib/. Everything here is synchronous on the calling thread unless it returns
 * a promise, and throws what `NativeHooks.createError` makes.
 */

import type { NativeDerive } from './native-derive';
import type { NativeLogon } from './native-logon';
import type { NativeNegotiate } from './native-negotiate';
import type { NativePeer } from './native-peer';
import type { NativeProfiles } from './native-profile';
import type { NativePrograms } from './native-program';

/** The id of an open token: positive, and unique while the token is open. */
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
  /** Empty if the token has none. */
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
  restrictingSids: string[];
  flags: ('disableMaxPrivilege' | 'sandboxInert' | 'luaToken' | 'writeRestricted')[];
  /** Empty leaves it unchanged. */
  integrity: '' | 'untrusted' | 'low' | 'medium' | 'high' | 'system';
}

/** A path for libuv: UTF-8 bytes, or a string that is converted to them. */
export type FsPath = string | Uint8Array;

/** A directory opened by `opendir`. The environment owns it, and closes it at its end. */
export type DirId = number;

/**
 * Names, and a digit for each: its UV_DIRENT_ type. Names that are text are one string, with a slash between them: an
 * array would take several times as long to make.
 */
export type FsEntries = [names: string | Uint8Array[], types: string];

/**
 * libuv's file system calls that check a path or the caller's identity: arguments and result of each. `bytes` returns
 * names as bytes instead of UTF-8 strings; times are seconds. The numbers of a stat are dev, mode, nlink, uid, gid,
 * rdev, blksize, ino, size, blocks, and atime, mtime, ctime, birthtime as seconds and nanoseconds; of a statfs type,
 * bsize, blocks, bfree, bavail, files, ffree, frsize (0 if libuv does not report it).
 */
export interface FsCalls {
  access: { args: [path: FsPath, mode: number]; result: undefined };
  chmod: { args: [path: FsPath, mode: number]; result: undefined };
  chown: { args: [path: FsPath, uid: number, gid: number]; result: undefined };
  close: { args: [fd: number]; result: undefined };
  closedir: { args: [dir: DirId]; result: undefined };
  copyfile: { args: [from: FsPath, to: FsPath, flags: number]; result: undefined };
  fchmod: { args: [fd: number, mode: number]; result: undefined };
  fchown: { args: [fd: number, uid: number, gid: number]; result: undefined };
  futime: { args: [fd: number, atime: number, mtime: number]; result: undefined };
  lchown: { args: [path: FsPath, uid: number, gid: number]; result: undefined };
  /**
   * Linux: returns a path that replaces `path` for the calling thread's user while the descriptor is open; the caller
   * closes it. EACCES for entries of this process in /proc. `last`: 0 follows a link at the end, 1 checks the link itself,
   * 2 returns the entry of its directory.
   */
  guard: { args: [path: FsPath, last: 0 | 1 | 2, bytes: boolean]; result: [fd: number, path: FsPath] };
  link: { args: [from: FsPath, to: FsPath]; result: undefined };
  lstat: { args: [path: FsPath, bigint: boolean]; result: Float64Array | BigInt64Array };
  lutime: { args: [path: FsPath, atime: number, mtime: number]; result: undefined };
  mkdir: { args: [path: FsPath, mode: number]; result: undefined };
  mkdtemp: { args: [template: FsPath, bytes: boolean]; result: string | Uint8Array };
  open: { args: [path: FsPath, flags: number, mode: number]; result: number };
  opendir: { args: [path: FsPath]; result: DirId };
  /** Up to `count` entries; null at the end. */
  readdir: { args: [dir: DirId, count: number, bytes: boolean]; result: FsEntries | null };
  /**
   * Opens a regular file of up to `most` bytes, reads it and closes it: a Buffer. Anything else, or a file that cannot be
   * read, is only opened: the descriptor, at position 0.
   */
  readfile: { args: [path: FsPath, flags: number, mode: number, most: number]; result: Buffer | number };
  readlink: { args: [path: FsPath, bytes: boolean]; result: string | Uint8Array };
  realpath: { args: [path: FsPath, bytes: boolean]; result: string | Uint8Array };
  rename: { args: [from: FsPath, to: FsPath]; result: undefined };
  rmdir: { args: [path: FsPath]; result: undefined };
  scandir: { args: [path: FsPath, bytes: boolean]; result: FsEntries };
  stat: { args: [path: FsPath, bigint: boolean]; result: Float64Array | BigInt64Array };
  statfs: { args: [path: FsPath, bigint: boolean]; result: Float64Array | BigInt64Array };
  symlink: { args: [target: FsPath, path: FsPath, flags: number]; result: undefined };
  unlink: { args: [path: FsPath]; result: undefined };
  utime: { args: [path: FsPath, atime: number, mtime: number]; result: undefined };
  /**
   * Opens a file, writes `data` and closes it. A result means that not everything was written: the descriptor, and how
   * many bytes were; or -1 and libuv's number, because closing failed.
   */
  writefile: {
    args: [path: FsPath, flags: number, mode: number, data: Uint8Array];
    result: [fd: number, count: number] | undefined;
  };
}

export type FsCallName = keyof FsCalls;

/** Capability sets are names separated by commas. A problem is the message of the error; empty for none. */
export interface NativeLinuxFacts {
  effective: string;
  permitted: string;
  inheritable: string;
  bounding: string;
  ambient: string;
  /** The SECBIT_ flags, a decimal number; -1 if the kernel does not report them. */
  securebits: string;
  pamProblem: string;
  reservedUid: string;
  reservedUidProblem: string;
}

export interface NativeWindowsFacts {
  /** A decimal number. */
  session: string;
  /** Empty outside of every job. */
  job: string;
}

export interface NativeHooks {
  /** `errno` is 0 and `syscall` empty for the package's own errors. */
  createError(message: string, code: string, errno: number, syscall: string): Error;
  /**
   * Returns the report of scopes that were left open, given as pairs of a scope and its user's id. The process ends after
   * it; it must not run code of the program.
   */
  describeLeak(where: string, left: readonly (ScopeId | string)[]): string;
  /** An empty function. */
  noop(): void;
}

export interface Native
  extends NativeLogon, NativeNegotiate, NativePeer, NativeDerive, NativePrograms, NativeProfiles {
  readonly port: 'win32' | 'linux' | 'unsupported';
  /** The path of the addon's file. */
  readonly file: string;
  /** Whether Node ignores its variables, as in a program with file capabilities. */
  readonly secureExecution: boolean;

  /** Must be called before anything else, once per environment; a later call replaces the hooks. */
  initialize(hooks: NativeHooks): void;

  processToken(): TokenId;
  /** The token that the kernel reports for this thread; 0 if there is none. */
  threadToken(): TokenId;
  anonymousToken(): TokenId;
  /** On a thread of its own. Sources: 0 by the form of the name, 1 Kerberos, 2 this computer; Linux has only 0. */
  tokenForUser(name: string, source: 0 | 1 | 2, checkAccount: boolean): Promise<TokenId>;
  /** Linux. */
  tokenForIds(uid: number, gid: number, groups: Uint32Array): TokenId;
  /** The same token under another id, which is closed separately. Makes no system call. */
  aliasToken(token: TokenId): TokenId;
  tokenFromHandle(handle: bigint, adopt: boolean): TokenId;
  restrictToken(token: TokenId, restrictions: NativeRestrictions): TokenId;
  duplicateToken(token: TokenId, level: NativeLevel): TokenId;
  describeToken(token: TokenId): NativeDescription;
  /** Describes the token of processToken() without making one. */
  describeProcess(): NativeDescription;
  equalTokens(a: TokenId, b: TokenId): boolean;
  /** Returns whether the token was open. */
  closeToken(token: TokenId): boolean;
  /** The Token object has been closed, but flows still refer to the token: no idle thread stays its user. */
  disownToken(token: TokenId): void;
  /** Open tokens of the whole process. */
  tokenCount(): number;
  tokenLimit(): number;
  setTokenLimit(limit: number): void;

  lookupAccount(kind: 'user' | 'group', id: string): Promise<NativeAccount | null>;

  enter(token: TokenId): ScopeId;
  /**
   * 0: the innermost scope was left. 1: inner scopes were left with it. 2: nothing was done, as the scope encloses a
   * running callback of runSync. 3: the scope was not open.
   */
  leave(scope: ScopeId): 0 | 1 | 2 | 3;
  /**
   * Leaves every scope of this thread, writes the result of `describeLeak` to standard error and ends the process with
   * 70; if the hook fails, without its text. `where` has up to 63 characters.
   */
  reportLeak(where: string): never;
  isOpen(scope: ScopeId): boolean;
  /** Calls `fn`, which a time-out of node:vm may end. The scopes that it then leaves open are left. */
  callInterruptible<R>(fn: () => R): R;
  /** Leaves every scope of this thread; returns how many there were. */
  leaveAll(): number;
  /**
   * The state of this thread's scopes in shared memory: the id of the innermost scope's token (0 outside of every scope, -1
   * if it has been closed since), the number of open scopes, and the number of outermost scopes that cannot be left because
   * callbacks of runSync run in them. Do not write to it.
   */
  readonly scopeState: Int32Array;
  /** The innermost scope's token under a new id; 0 outside of every scope. */
  currentToken(): TokenId;
  /**
   * Sets the token, calls `fn` with `args` and no receiver, and restores, in one native frame. If the token is in effect
   * already nothing is set. A scope that `fn` leaves open ends the process.
   */
  runSync<A extends unknown[], R>(token: TokenId, fn: (...args: A) => R, ...args: A): R;
  runSync<R>(token: TokenId, fn: (...none: never) => R): R;
  /** Calls `fn` with the thread's scopes suspended. A scope that `fn` leaves open ends the process. */
  runAtBaseline<R>(fn: () => R): R;

  /**
   * Makes the token the identity of the calling thread until the environment ends, beneath all scopes: it is not
   * counted in scopeState, not left by leaveAll(), and suspended by runAtBaseline(). Once for a thread, outside of scopes.
   */
  pinThread(token: TokenId): void;
  /** The token that the thread is pinned to under a new id; 0 if it is not pinned. */
  pinnedToken(): TokenId;

  /** Keeps the token for the first claim of the ticket, for `lifetime` milliseconds. */
  shareToken(token: TokenId, ticket: string, lifetime: number): void;
  /** The token under an id of the calling environment; 0 if the ticket is unknown, claimed or expired. */
  claimToken(ticket: string): TokenId;
  /** Releases the token of an unclaimed ticket. Returns whether there was one. */
  revokeTicket(ticket: string): boolean;
  /** Releases the tokens of expired tickets. Returns the milliseconds until the next one expires; 0 for none. */
  expireTickets(): number;

  /** The numbers of libuv's calls for startFs and fsSync. */
  readonly fsCalls: Readonly<Record<FsCallName, number>>;
  /**
   * Starts one of libuv's calls on a user thread under the token, which the job keeps alive. Resolves to the result, or
   * to libuv's negative number; rejects if the thread could not become the user. Throws for a closed token or one whose
   * level does not allow work, and if no thread can be started.
   */
  startFs<K extends FsCallName>(
    token: TokenId,
    call: number,
    ...args: FsCalls[K]['args']
  ): Promise<FsCalls[K]['result'] | number>;
  /** The number of the call that this thread has started last. */
  latestFs(): number;
  /** Removes a call that waits for a thread: its promise resolves to undefined. Returns whether it waited. */
  cancelFs(number: number): boolean;
  /** The same for every call, also one that a thread makes, whose result is discarded. Returns whether one makes it. */
  abandonFs(number: number): boolean;
  /**
   * The threads for one user, all threads, and the milliseconds for which a thread without work stays a user. Does
   * nothing with `isDefault` after an earlier call.
   */
  setPoolLimits(perUser: number, threads: number, idleTime: number, isDefault: boolean): void;
  poolLimits(): [perUser: number, threads: number, idleTime: number];
  poolStatistics(): [
    threads: number,
    busy: number,
    hung: number,
    staying: number,
    users: number,
    waiting: number,
  ];
  /** The same on the calling thread, in a scope of its own: libuv's negative number, or the result in an array. */
  fsSync<K extends FsCallName>(
    token: TokenId,
    call: number,
    ...args: FsCalls[K]['args']
  ): number | [FsCalls[K]['result']];

  /** Closes the descriptor at the end of the environment, unless one of the two functions below closes it before. */
  keepDescriptor(fd: number): void;
  /** On a pool thread: 0 or libuv's negative number. */
  closeDescriptor(fd: number): Promise<number>;
  closeDescriptorSync(fd: number): number;
  /** `fsSync` with the identity that the calling thread has. */
  fsHere<K extends FsCallName>(call: number, ...args: FsCalls[K]['args']): number | [FsCalls[K]['result']];

  /** Calls `fn`, which changes the credentials of the process, while no thread is in a scope or can enter one. */
  changeCredentials<R>(fn: () => R): R;

  /** Facts about the process that JavaScript cannot find out: NativeLinuxFacts or NativeWindowsFacts. As the process. */
  processFacts(): NativeLinuxFacts | NativeWindowsFacts;
  /**
   * Removes all privileges or capabilities but these from the process, on every thread and for good, while no thread is in
   * a scope or can enter one.
   */
  dropPrivileges(keep: string[]): void;
  /** Sets the security of COM for the process: numbers of RPC_C_AUTHN_LEVEL_ and RPC_C_IMP_LEVEL_. Windows. */
  initializeComSecurity(dynamicCloaking: 0 | 1, authentication: number, level: number): void;
}
