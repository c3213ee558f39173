import { inspect, type InspectOptions } from 'node:util';
import type { NativeDescription, TokenId } from '../types/native';
import { rememberAccount } from './account';
import { native } from './binding';
import { refuseClone } from './clone';
import { Described } from './described';
import { ImpersonationError } from './error';
import { currentFlow } from './flow';
import { toHandle } from './handle';
import { Impersonation } from './impersonation';
import { inspectToken } from './inspect-token';
import { illegalConstructor, internal } from './internal';
import { levelNumber, type ImpersonationLevel } from './level';
import { toRestrictions, type RestrictOptions } from './restrictions';
import { runAsFlow } from './run';
import { runSyncAs } from './run-sync';
import { claimTicket, shareToken, type ShareOptions } from './share';
import { TokenLease } from './token-lease';
import { findToken, registerToken, unregisterToken } from './token-registry';
import { validateBoolean, validateInteger, validateOptions, validateString, wrongType } from './validate';

/** The process's token as `Token.current()` answers it; nobody else's to close. */
let processToken: Token | undefined;

/** To be called when the process's own credentials have changed. */
export function forgetProcessToken(): void {
  processToken?.close();
  processToken = undefined;
}

/**
 * An identity that a thread can take on: a Win32 access token, or a Linux user with groups.
 *
 * Made by its static methods; immutable; used on the thread that made it. A token holds a kernel resource until
 * `close()`, `using` or garbage collection; scopes that act as it keep it alive until they end. Every member but
 * `closed`, `close()` and inspection throws ERR_TOKEN_CLOSED once it is closed.
 */
export class Token extends Described {
  /** Undefined once it is closed. */
  #lease: TokenLease | undefined;

  /** @internal */
  constructor(key: symbol, token: TokenId | TokenLease, quiet = false) {
    if (key !== internal) throw illegalConstructor('Token');
    super();
    this.#lease = typeof token === 'number' ? new TokenLease(token) : token;
    registerToken(this, this.#lease, quiet);
    refuseClone(this);
  }

  /** The identity of the process, whatever this thread impersonates: OpenProcessToken, or the process's ids. */
  static process(): Token {
    return new Token(internal, native.processToken());
  }

  /**
   * Who the running code acts as: the token of the innermost scope, else of the flow, else of the process. It
   * belongs to whoever made it: do not close it. Asks no kernel, so it does not see what other addons do to the
   * thread.
   */
  static current(): Token {
    const id = native.currentTokenId();
    const known = id === 0 ? undefined : findToken(id);
    if (known) return known;
    // The scope's token has been closed since: it lives in the scope alone, until it gets a number again.
    if (id !== 0) return new Token(internal, native.currentToken(), true);
    const flow = currentFlow();
    if (flow) return flow.token.closed ? new Token(internal, flow.lease, true) : flow.token;
    if (!processToken || processToken.closed) processToken = new Token(internal, native.processToken(), true);
    return processToken;
  }

  /** What the kernel says this thread impersonates, whoever put it there; null if nothing. */
  static thread(): Token | null {
    const id = native.threadToken();
    return id === 0 ? null : new Token(internal, id);
  }

  /** Nobody: the anonymous logon on Windows (ImpersonateAnonymousToken), uid and gid 65534 on Linux. */
  static anonymous(): Token {
    return new Token(internal, native.anonymousToken());
  }

  /**
   * A user by name, without a password. Asked on a pool thread. Linux: getpwnam_r and getgrouplist; rejects with
   * ERR_UNKNOWN_USER if there is no such user. Not yet on Windows: rejects with
   * ERR_FEATURE_UNAVAILABLE_ON_PLATFORM.
   */
  static async forUser(name: string): Promise<Token> {
    validateString(name, 'name');
    // Without await: inside a scope that would be taken for the scope's own code suspending itself.
    return native.tokenForUser(name).then((id) => {
      const token = new Token(internal, id);
      rememberAccount('user', token.user.id, Object.freeze({ name }));
      return token;
    });
  }

  /**
   * A token from a Win32 handle with TOKEN_QUERY and TOKEN_DUPLICATE access, which is duplicated. With `adopt`
   * the handle is closed once that has succeeded; otherwise it stays the caller's. Windows only.
   */
  static fromHandle(handle: bigint | number, options: { adopt?: boolean } = {}): Token {
    const value = toHandle(handle);
    validateOptions(options, 'options', ['adopt']);
    const { adopt = false } = options;
    validateBoolean(adopt, 'options.adopt');
    return new Token(internal, native.tokenFromHandle(value, adopt));
  }

  /**
   * The identity that another thread has shared, as a token of this thread's own. Once for each ticket: throws
   * ERR_TICKET_INVALID for one that is claimed, expired or unknown.
   */
  static claim(ticket: string): Token {
    return new Token(internal, claimTicket(ticket));
  }

  /** Open tokens in the whole process. */
  static get count(): number {
    return native.tokenCount();
  }

  /** How many tokens the whole process may have open, 1 to 65,536; beyond it ERR_TOKEN_LIMIT is thrown. */
  static get limit(): number {
    return native.tokenLimit();
  }

  static set limit(limit: number) {
    validateInteger(limit, 'limit', 1, 65_536);
    native.setTokenLimit(limit);
  }

  get closed(): boolean {
    return this.#lease === undefined;
  }

  /**
   * A token with less: `denyOnly` SIDs (Windows, CreateRestrictedToken), `removePrivileges` by name,
   * `dropGroups` by gid, or `true` for all supplementary ones (Linux). What a port does not have throws
   * ERR_FEATURE_UNAVAILABLE_ON_PLATFORM. Names that the token does not hold are ignored.
   */
  restrict(options: RestrictOptions): Token {
    return new Token(internal, native.restrictToken(this.#open(), toRestrictions(options)));
  }

  /**
   * An independent token of the same identity, at the same or a lower level (DuplicateTokenEx). A primary
   * token's duplicate is an impersonation token.
   */
  duplicate(options: { level?: ImpersonationLevel } = {}): Token {
    validateOptions(options, 'options', ['level']);
    const { level = this.level ?? 'impersonation' } = options;
    return new Token(internal, native.duplicateToken(this.#open(), levelNumber(level, 'options.level')));
  }

  /** Whether both stand for the same user with the same groups, privileges, restrictions and level. */
  equals(other: Token): boolean {
    Token.validate(other, 'other');
    return native.equalTokens(this.#open(), other.#open());
  }

  /**
   * Calls `fn` with `args` as this user and returns its result. The thread takes the identity on, calls and
   * gives it back within one native frame, so that no exception, termination or forgotten call can leave it on.
   * If it cannot be taken on, `fn` is not called; if it cannot be given back, the process aborts.
   *
   * `fn` must be synchronous: an async or generator function is refused before, and a promise as result after,
   * with ERR_ASYNC_RESULT.
   */
  runSync<A extends unknown[], R>(fn: (...args: A) => R, ...args: A): R {
    return runSyncAs(this.#open(), fn, args);
  }

  /**
   * Calls `fn` with `args` in an async flow of this user and returns its result. The flow carries the token over
   * every await, timer and event that comes of it, and no other flow sees it: `impersonate/fs`, `runSync()`,
   * `impersonate()` and `Token.current()` take the user from there. The thread itself stays the process's. The
   * flow keeps the token alive, closed or not, for as long as anything can resume it.
   *
   * Throws ERR_SCOPE_ACTIVE inside a synchronous scope, and ERR_TOKEN_LEVEL for a token that does not allow work.
   */
  run<A extends unknown[], R>(fn: (...args: A) => R, ...args: A): R {
    this.#open();
    return runAsFlow({ token: this, lease: this.lend() }, fn, args);
  }

  /**
   * Puts this identity on the thread until the scope is disposed: `using scope = token.impersonate()`. For
   * synchronous blocks; see Impersonation.
   */
  impersonate(): Impersonation {
    return new Impersonation(internal, this, this.#open());
  }

  /**
   * A ticket with which one other thread can have this identity, by `Token.claim(ticket)`: as good as the token. It
   * outlives `close()`. Throws ERR_TICKET_LIMIT while `Token.limit` tickets wait to be claimed.
   */
  share(options: ShareOptions = {}): string {
    return shareToken(this.#open(), options);
  }

  /** Releases the token. Does nothing the second time. Scopes and flows that act as it go on until they end. */
  close(): void {
    const lease = this.#lease;
    if (!lease) return;
    this.#lease = undefined;
    this.forget();
    unregisterToken(this, lease);
    lease.release();
  }

  /** `close()`. */
  [Symbol.dispose](): void {
    this.close();
  }

  override toString(): string {
    if (this.closed) return 'Token (closed)';
    const { id, name } = this.user;
    return name === undefined ? `Token ${id}` : `Token ${name} (${id})`;
  }

  [inspect.custom](_depth: number, options: InspectOptions): string {
    return inspectToken(this, options);
  }

  /** @internal For what must be able to act as the user however long this object stays open. */
  lend(): TokenLease {
    this.#open();
    return (this.#lease as TokenLease).share();
  }

  /** @internal */
  static validate(value: unknown, argument: string): asserts value is Token {
    if (typeof value === 'object' && value !== null && #lease in value) return;
    throw wrongType(argument, 'an instance of Token', value);
  }

  /** @internal */
  protected override describe(): NativeDescription {
    return native.describeToken(this.#open());
  }

  #open(): TokenId {
    if (!this.#lease) throw new ImpersonationError('The token is closed', 'ERR_TOKEN_CLOSED');
    return this.#lease.id;
  }
}
