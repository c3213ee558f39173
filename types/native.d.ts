/**
 * What the native addon gives to lib/. Everything here is synchronous on the calling thread unless it returns
 * a promise, and throws what `NativeHooks.createError` makes.
 */

import type { NativeDerive } from './native-derive';
import type { NativeLogon } from './native-logon';
import type { NativeNegotiate } from './native-negotiate';
import type { NativePeer } from './native-peer';

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
  restrictingSids: string[];
  flags: ('disableMaxPrivilege' | 'sandboxInert' | 'luaToken' | 'writeRestricted')[];
  /** Empty to leave it. */
  integrity: '' | 'untrusted' | 'low' | 'medium' | 'high' | 'system';
}

/** A path as libuv takes it: UTF-8 bytes, or a string that becomes them. */
export type FsPath = string | Uint8Array;

/** A directory that `opendir` has opened; the environment's, closed with it at the latest. */
export type DirId = number;

/** Names and libuv's UV_DIRENT_ types, in step. */
export type FsEntries = [names: (string | Uint8Array)[], types: number[]];

/**
 * libuv's file system calls that look at a path, or at who calls: arguments and result of each. `bytes` asks for
 * names as bytes instead of UTF-8 strings; times are seconds. The numbers of a stat are dev, mode, nlink, uid, gid,
 * rdev, blksize, ino, size, blocks, and atime, mtime, ctime, birthtime as seconds and nanoseconds; of a statfs type,
 * bsize, blocks, bfree, bavail, files, ffree, frsize (0 where libuv does not tell).
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
   * Linux: a path to be used in place of `path` by the calling thread's user for as long as the descriptor is open,
   * which is the caller's to close. EACCES for what belongs to this process in /proc. `last`: 0 what is at the end of
   * links, 1 a link itself (only to be checked), 2 the entry of its directory.
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
   * Opens an ordinary file of up to `most` bytes, reads all of it and closes it: a Buffer. What else there is, or cannot be
   * read, is only opened: the descriptor, at its start.
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
}

export type FsCallName = keyof FsCalls;

/** `error` is 0, libuv's negative number, or what kept the thread from acting as the user. */
export type FsDone<K extends FsCallName> = (error: number | Error, result: FsCalls[K]['result']) => void;

export interface NativeHooks {
  /** `errno` is 0 and `syscall` empty for errors that are not the operating system's. */
  createError(message: string, code: string, errno: number, syscall: string): Error;
  /**
   * The report of scopes that were left open, given as pairs of a scope and its user's id. The process ends after it;
   * no code of the program may run in it.
   */
  describeLeak(where: string, left: readonly (ScopeId | string)[]): string;
  /** An empty function. */
  nothing(): void;
}

export interface Native extends NativeLogon, NativeNegotiate, NativePeer, NativeDerive {
  readonly port: 'win32' | 'linux' | 'unsupported';
  /** Whether Node ignores its variables, as in a program with file capabilities. */
  readonly secureExecution: boolean;

  /** Must be called before anything else, once per environment; a later call replaces the hooks. */
  initialize(hooks: NativeHooks): void;

  processToken(): TokenId;
  /** What the kernel says this thread impersonates; 0 if nothing. */
  threadToken(): TokenId;
  anonymousToken(): TokenId;
  /** On a thread of its own. Sources: 0 by the name, 1 Kerberos, 2 this computer; Linux has 0 alone. */
  tokenForUser(name: string, source: 0 | 1 | 2, checkAccount: boolean): Promise<TokenId>;
  /** Linux. */
  tokenForIds(uid: number, gid: number, groups: Uint32Array): TokenId;
  /** The same token under one more id, which is closed by itself. Asks no kernel. */
  aliasToken(token: TokenId): TokenId;
  tokenFromHandle(handle: bigint, adopt: boolean): TokenId;
  restrictToken(token: TokenId, restrictions: NativeRestrictions): TokenId;
  duplicateToken(token: TokenId, level: NativeLevel): TokenId;
  describeToken(token: TokenId): NativeDescription;
  /** What processToken() would be, without a token that counts. */
  describeProcess(): NativeDescription;
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
  /**
   * Leaves every scope of this thread, writes what `describeLeak` makes of it to standard error and ends the process with
   * 70; without that text if the hook fails. `where` has up to 63 characters.
   */
  reportLeak(where: string): never;
  isOpen(scope: ScopeId): boolean;
  /** Calls `fn`, which may be ended by a time-out of node:vm: the scopes that it then leaves open are left. */
  callInterruptible<R>(fn: () => R): R;
  /** Leaves every scope of this thread; returns how many there were. */
  leaveAll(): number;
  /**
   * What this thread's scopes are, without a call: the innermost scope's token by the id it was entered with (0 outside
   * every scope, -1 if the id has been closed since), the number of open scopes, and how many of the outermost ones
   * cannot be left now because callbacks of runSync run in them. Only to be read.
   */
  readonly scopeState: Int32Array;
  /** The innermost scope's token under a new id of its own; 0 outside every scope. */
  currentToken(): TokenId;
  /**
   * Set, call, restore in one native frame. `args` go to `fn`, which gets an undefined receiver. In a callback of the same
   * token nothing is set. A scope that `fn` leaves open ends the process.
   */
  runSync<A extends unknown[], R>(token: TokenId, fn: (...args: A) => R, ...args: A): R;
  runSync<R>(token: TokenId, fn: (...none: never) => R): R;
  /** Calls `fn` with the thread out of its scopes. A scope that `fn` leaves open ends the process. */
  runAtBaseline<R>(fn: () => R): R;

  /**
   * Makes the token the identity of the calling thread until the environment ends, beneath all scopes: it is not
   * counted in scopeState, not left by leaveAll(), and runAtBaseline() puts it aside. Once for a thread, outside scopes.
   */
  pinThread(token: TokenId): void;

  /** Keeps the token for whoever claims the ticket first, for so many milliseconds. */
  shareToken(token: TokenId, ticket: string, lifetime: number): void;
  /** The token under an id of the calling environment; 0 if the ticket is unknown, claimed or expired. */
  claimToken(ticket: string): TokenId;
  /** Lets go of the token behind a ticket that nobody is to claim any more; whether it was still there. */
  revokeTicket(ticket: string): boolean;
  /** Lets go of what has expired; returns the milliseconds until the next ticket does, 0 if there is none. */
  expireTickets(): number;

  /** The numbers of libuv's calls for startFs and fsSync. */
  readonly fsCalls: Readonly<Record<FsCallName, number>>;
  /**
   * Starts one of libuv's calls on a pool thread under the token, which the job keeps alive, and calls `done` from the
   * event loop, in the async context of this call. Throws for a closed token or one whose level does not allow work.
   */
  startFs<K extends FsCallName>(
    token: TokenId,
    call: number,
    done: FsDone<K>,
    ...args: FsCalls[K]['args']
  ): void;
  /** The same on the calling thread, in a scope of its own: libuv's negative number, or the result in an array. */
  fsSync<K extends FsCallName>(
    token: TokenId,
    call: number,
    ...args: FsCalls[K]['args']
  ): number | [FsCalls[K]['result']];

  /** Has the environment close the descriptor at its end, unless it is closed by one of the two functions below. */
  keepDescriptor(fd: number): void;
  /** On a pool thread: 0 or libuv's negative number. */
  closeDescriptor(fd: number): Promise<number>;
  closeDescriptorSync(fd: number): number;
  /** The same as whoever the calling thread is. */
  fsHere<K extends FsCallName>(call: number, ...args: FsCalls[K]['args']): number | [FsCalls[K]['result']];

  /** Calls `fn`, which changes the process's own credentials, while no thread is or can come into a scope. */
  changeCredentials<R>(fn: () => R): R;
}
