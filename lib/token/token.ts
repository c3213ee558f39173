import { native } from '../internal/binding';
import type { TokenId } from '../../types/native';
import { Impersonation } from '../scope/impersonation';
import { newFlow } from '../internal/flow-store';
import { illegalConstructor, internal } from '../internal/private';
import { levelNumber, type ImpersonationLevel } from './level';
import { toRestrictions, type RestrictOptions } from './restrictions';
import { runAsFlow } from '../flow/run';
import { runSyncAs } from '../scope/run-sync';
import { shareToken, type ShareOptions } from './tickets';
import { TokenLease } from '../internal/token-ref';
import { TokenSources } from './token-sources';
import type { DesiredAccess } from './access-mask';
import { canAccess, type AccessTarget } from './access';
import { linkedToken } from './linked';
import { poolKeyOf } from './pool-key';
import { validateInteger, validateOptions } from '../internal/validate';

/**
 * An identity that a thread can take on: a Win32 access token, or a Linux user with groups.
 *
 * Made by its static methods; immutable; used on the thread that made it. A token holds a kernel resource until
 * `close()`, `using` or garbage collection; scopes that act as it keep it alive until they end. Every member but
 * `closed`, `close()` and inspection throws ERR_TOKEN_CLOSED once it is closed.
 */
export class Token extends TokenSources {
  /** @internal */
  constructor(key: symbol, token: TokenId | TokenLease, quiet = false) {
    if (key !== internal) throw illegalConstructor('Token');
    super(typeof token === 'number' ? new TokenLease(token) : token, quiet);
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

  /**
   * A token with less: `denyOnly` SIDs, `restrictingSids`, `flags` (Windows, CreateRestrictedToken) and a lower
   * `integrity`; `removePrivileges` by name; `dropGroups` by gid, or `true` for all supplementary ones (Linux). What a
   * port does not have throws ERR_FEATURE_UNAVAILABLE_ON_PLATFORM. Names that the token does not hold are ignored.
   */
  restrict(options: RestrictOptions): Token {
    return new Token(internal, native.restrictToken(this.sourceId(), toRestrictions(options)));
  }

  /**
   * An independent token of the same identity, at the same or a lower level (DuplicateTokenEx). A primary
   * token's duplicate is an impersonation token.
   */
  duplicate(options: { level?: ImpersonationLevel } = {}): Token {
    validateOptions(options, 'options', ['level']);
    const { level = this.level ?? 'impersonation' } = options;
    return new Token(internal, native.duplicateToken(this.sourceId(), levelNumber(level, 'options.level')));
  }

  /** Whether both stand for the same user with the same groups, privileges, restrictions and level. */
  equals(other: Token): boolean {
    Token.validate(other, 'other');
    return native.equalTokens(this.openId(), other.openId());
  }

  /**
   * Calls `fn` with `args` as this user and returns its result. The thread takes the identity on, calls and
   * gives it back within one native frame, so that no exception, termination or forgotten call can leave it on.
   * If it cannot be taken on, `fn` is not called; if it cannot be given back, the process aborts.
   *
   * `fn` must be synchronous: an async or generator function is refused before, and a promise or generator as result
   * after, with ERR_ASYNC_RESULT.
   */
  runSync<A extends unknown[], R>(fn: (...args: A) => R, ...args: A): R {
    return runSyncAs(this.openId(), fn, args);
  }

  /**
   * Calls `fn` with `args` in an async flow of this user and returns its result. The flow carries the token over
   * every await, timer and event that comes of it, and no other flow sees it: `impersonate/fs`, `runSync()`,
   * `impersonate()` and `Token.current()` take the user from there. The thread itself stays the process's. The
   * flow keeps the token alive, closed or not, for as long as anything can resume it.
   *
   * Throws ERR_SCOPE_ACTIVE inside a synchronous scope, ERR_TOKEN_LEVEL for a token that does not allow work, and
   * ERR_ASYNC_RESULT if `fn` returns a generator, whose steps would not run in the flow.
   */
  run<A extends unknown[], R>(fn: (...args: A) => R, ...args: A): R {
    this.openId();
    return runAsFlow(newFlow(this, this.lend()), fn, args);
  }

  /**
   * Puts this identity on the thread until the scope is disposed: `using scope = token.impersonate()`. For
   * synchronous blocks; see Impersonation.
   */
  impersonate(): Impersonation {
    return new Impersonation(internal, this, this.openId());
  }

  /**
   * A ticket with which one other thread can have this identity, by `Token.claim(ticket)`: as good as the token. It
   * outlives `close()`. Throws ERR_TICKET_LIMIT while `Token.limit` tickets wait to be claimed.
   */
  share(options: ShareOptions = {}): string {
    return shareToken(this.openId(), options);
  }

  /**
   * The other token of a user who has two, an administrator's elevated or filtered one (TokenLinkedToken); null if
   * there is none. Of level identification unless the process has SeTcbPrivilege. Windows.
   */
  linked(): Token | null {
    return linkedToken(this);
  }

  /**
   * Whether this user may do all that to a file or folder, or to whatever has that security descriptor (AccessCheck;
   * faccessat2 on Linux). The file is looked at as the process on Windows, so that whoever asks need not be able to
   * read who may. An answer, not a permission: it may be another by the time the file is opened.
   */
  canAccess(target: AccessTarget, access: DesiredAccess): Promise<boolean> {
    return canAccess(this, target, access);
  }

  /**
   * Partitions a pool of connections, or of anything else that was opened as a user: equal for tokens of the same
   * user, logon session, groups and restrictions only. No secret, and nothing to show to others.
   */
  get poolKey(): string {
    return poolKeyOf(this);
  }
}
