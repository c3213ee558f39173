import { type InspectOptions, inspect } from 'node:util';
import type { NativeDescription, NativeLevel, TokenId } from '../../types/native';
import { native } from '../internal/binding';
import { deferred, prepareThread } from '../internal/deferred';
import { ImpersonationError, argumentError } from '../internal/error';
import { refuseClone } from '../internal/private';
import { type TokenRef, quietToken, registerToken, unregisterToken } from '../internal/token-ref';
import { wrongType, wrongValue } from '../internal/validate';
import type { AccessTarget, DesiredAccess } from './access';
import { type Principal, type Privilege, toPrincipal } from './principal';
import type { Token } from './token';

/**
 * How far a server may go in a client's name: the Win32 impersonation levels, lowest first.
 *
 * @example
 * const level: ImpersonationLevel = 'identification';
 * using shown = token.duplicate({ level });
 * console.log(shown.level); // Prints: identification
 */
export type ImpersonationLevel = 'anonymous' | 'identification' | 'impersonation' | 'delegation';

const levels: readonly ImpersonationLevel[] = ['anonymous', 'identification', 'impersonation', 'delegation'];

export function levelName(level: NativeLevel): ImpersonationLevel {
  return levels[level] as ImpersonationLevel;
}

export function levelNumber(level: unknown, argument: string): NativeLevel {
  if (typeof level !== 'string') throw wrongType(argument, 'of type string', level);
  const index = levels.indexOf(level as ImpersonationLevel);
  if (index < 0) throw wrongValue(argument, `must be one of: ${levels.join(', ')}`);
  return index as NativeLevel;
}

/**
 * By what a service can authenticate to other services as the user: see `token.delegation`.
 *
 * @example
 * const reach: Record<Delegation, string> = {
 *   none: 'this computer',
 *   forwarded: 'every service',
 *   constrained: 'the services that the directory permits',
 *   transition: 'the services that the directory permits',
 * };
 * console.log(`${token.user.id} reaches ${reach[token.delegation]}`);
 */
export type Delegation = 'none' | 'forwarded' | 'constrained' | 'transition';

const delegations = ['none', 'forwarded', 'constrained', 'transition'] as const;

/** Marks the tokens of every copy of the package, each with a value of its own. */
const copyMark = Symbol.for('impersonate.Token');
const thisCopy = Symbol('impersonate');

function isOfAnotherCopy(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || !(copyMark in value)) return false;
  return value[copyMark] !== thisCopy;
}

/**
 * The life and the description of a `Token`: it is open from the start and is closed once. The getters query the kernel
 * at the first use of one of them (GetTokenInformation; on Linux the token holds the ids itself).
 */
export abstract class OpenToken {
  /** @internal */
  declare readonly [copyMark]: symbol;
  /** Undefined once the token is closed. */
  #ref: TokenRef | undefined;
  #description: NativeDescription | undefined;
  #poolKey: string | undefined;

  /** @internal */
  protected constructor(ref: TokenRef, quiet: boolean) {
    this.#ref = ref;
    prepareThread();
    registerToken(this, ref, quiet);
    refuseClone(this, 'A Token belongs to its thread: post token.share(), and call Token.claim() there');
  }

  /**
   * Returns whether the kernel lets this process act as other users, for a program that decides at start-up how it works.
   * On Linux a thread acts as uid 65534 for a moment, or as another mapped uid, and reverts. On Windows the process must
   * have SeImpersonatePrivilege enabled; users of `Token.logon` need it not. `npx impersonate doctor` has the reason.
   *
   * @returns True if scopes and flows of other users can be entered; false on other systems.
   * @throws ImpersonationError `ERR_TOKEN_LIMIT`; on Windows the system's error.
   * @example
   * if (!Token.canImpersonate()) throw new Error('Run this service with the right to impersonate: npx impersonate doctor');
   */
  static canImpersonate(): boolean {
    return deferred().canImpersonate();
  }

  /** Whether `close()` has been called. Never throws. */
  get closed(): boolean {
    return this.#ref === undefined;
  }

  /**
   * Releases the token. A second call does nothing. Scopes, flows, jobs and workers that act as the token keep the
   * kernel's token open until they end.
   *
   * @example
   * const service = Token.process();
   * service.close();
   * console.log(service.closed); // Prints: true
   */
  close(): void {
    const ref = this.#ref;
    if (!ref) return;
    this.#ref = undefined;
    this.#description = undefined;
    unregisterToken(this, ref);
    ref.release();
  }

  /** Calls `close()`, for `using token = ...`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /**
   * The user that the token identifies (TokenUser; the uid on Linux).
   *
   * @throws ImpersonationError `ERR_TOKEN_CLOSED`, as every getter below.
   * @example
   * const { kind, id } = token.user;
   * console.log(kind); // Prints: user
   * response.setHeader('X-User', id); // S-1-5-21-...-1104 on Windows, 1000 on Linux
   */
  get user(): Principal {
    return toPrincipal(this.#described.user);
  }

  /**
   * The name of the user's account, if it is known without a look-up: see `Principal.name`.
   *
   * @example
   * console.log(token.name ?? token.user.id);
   */
  get name(): string | undefined {
    return this.user.name;
  }

  /**
   * The groups that grant access. Disabled groups, deny-only groups and the logon session's group are left out.
   *
   * @example
   * const isAdministrator = token.groups.some(({ sid }) => sid === 'S-1-5-32-544');
   */
  get groups(): readonly Principal[] {
    return this.#described.groups.map(toPrincipal);
  }

  /**
   * The groups that only deny access. Windows; empty on Linux.
   *
   * @example
   * const isFiltered = token.denyOnlyGroups.some(({ sid }) => sid === 'S-1-5-32-544');
   */
  get denyOnlyGroups(): readonly Principal[] {
    return this.#described.denyOnlyGroups.map(toPrincipal);
  }

  /**
   * The Win32 privileges, or on Linux the capabilities, that the identity has.
   *
   * @example
   * console.log(token.privileges.some(({ name, enabled }) => enabled && name === 'SeBackupPrivilege')); // Prints: false
   */
  get privileges(): readonly Privilege[] {
    return this.#described.privileges.map(({ name, enabled }) => Object.freeze({ name, enabled }));
  }

  /**
   * The impersonation level; null for a primary token.
   *
   * @example
   * using service = Token.process();
   * console.log(token.level, service.level); // Prints: impersonation null
   */
  get level(): ImpersonationLevel | null {
    const { level } = this.#described;
    return level === null ? null : levelName(level);
  }

  /**
   * Whether the token is a primary token, such as a process has, or an impersonation token.
   *
   * @example
   * using service = Token.process();
   * console.log(token.type, service.type); // Prints: impersonation primary
   */
  get type(): 'primary' | 'impersonation' {
    return this.#described.level === null ? 'primary' : 'impersonation';
  }

  /**
   * The SID of the logon session; null if the token has none, and on Linux.
   *
   * @example
   * console.log(token.logonId); // S-1-5-5-0-123456 on Windows, null on Linux
   */
  get logonId(): string | null {
    return this.#described.logonId || null;
  }

  /**
   * Whether this is the anonymous logon; on Linux, whether `Token.anonymous()` made the token.
   *
   * @example
   * using anonymous = Token.anonymous();
   * console.log(anonymous.isAnonymous, token.isAnonymous); // Prints: true false
   */
  get isAnonymous(): boolean {
    return this.#described.anonymous;
  }

  /**
   * By what a `NegotiateClient` can authenticate the user to other services: `forwarded`, by the user's own ticket-granting
   * ticket or password; `constrained`, by the user's ticket to this service, and `transition`, by the name alone, each at
   * the services that the directory permits; `none`. On Linux `transition` needs the option of that name.
   *
   * @throws ImpersonationError `ERR_TOKEN_CLOSED`; on Windows the system's error.
   * @example
   * if (token.delegation === 'none') console.log('The back end will reject this user');
   */
  get delegation(): Delegation {
    return delegations[native.tokenDelegation(this.openId())];
  }

  /**
   * A key that partitions a pool of connections, or of anything else that was opened as a user. It is equal only for
   * tokens of the same user, logon session, groups, privileges, restrictions, level and delegated credential. It is not a secret, and not meant to be shown.
   *
   * @throws ImpersonationError `ERR_TOKEN_CLOSED`.
   * @example
   * const caches = new Map<string, Map<string, string>>();
   * const cache = caches.get(token.poolKey) ?? new Map<string, string>();
   * caches.set(token.poolKey, cache);
   */
  get poolKey(): string {
    const id = this.openId();
    if (this.#poolKey === undefined) {
      const rest = deferred().createHash('sha256').update(native.fingerprint(id)).digest('base64url');
      this.#poolKey = `${this.user.id};${this.logonId ?? ''};${rest}`;
    }
    return this.#poolKey;
  }

  /**
   * Returns whether both tokens identify the same user with the same groups, privileges, restrictions and level.
   *
   * @param other - An open token.
   * @returns True for equal identities.
   * @throws TypeError `ERR_INVALID_ARG_TYPE`.
   * @example
   * using same = token.duplicate();
   * console.log(token.equals(same)); // Prints: true
   */
  equals(other: Token): boolean {
    OpenToken.validate(other, 'other');
    return native.equalTokens(this.openId(), other.openId());
  }

  /**
   * Returns whether the user has all of the given access to a file, a folder or a security descriptor (AccessCheck;
   * faccessat2 on Linux). On Windows the file's descriptor is read as the process, so the user need not be able to read
   * it. The result describes the moment of the call; it is no permission for later.
   *
   * @param target - A path, `{ sddl }` or `{ securityDescriptor }`.
   * @param access - Names of rights, all of which are required, or a Win32 access mask.
   * @returns True if all of it is granted.
   * @throws TypeError Rejects with `ERR_INVALID_ARG_TYPE` or `ERR_INVALID_ARG_VALUE`.
   * @throws ImpersonationError Rejects with `ERR_FEATURE_UNAVAILABLE_ON_PLATFORM` for a target or right of the other
   * system, or with the system's error (on Linux with node's, such as `ENOENT`).
   * @example
   * const canEdit = await token.canAccess('/srv/files/report.txt', ['read', 'write']);
   * response.setHeader('Allow', canEdit ? 'GET, PUT' : 'GET');
   */
  canAccess(target: AccessTarget, access: DesiredAccess): Promise<boolean> {
    return deferred().canAccess(this, target, access);
  }

  /**
   * Returns a line for logs. Never throws.
   *
   * @returns The user's name, if it is known, and id; or that the token is closed.
   * @example
   * console.log(`${token} has opened a report`);
   */
  toString(): string {
    if (this.closed) return 'Token (closed)';
    const { id, name } = this.user;
    return name === undefined ? `Token ${id}` : `Token ${name} (${id})`;
  }

  /** Returns what `console.log` prints: the description, without anything secret. Never throws. */
  [inspect.custom](_depth: number, options: InspectOptions): string {
    if (this.closed) return 'Token { closed: true }';
    const { user, level, type, logonId, isAnonymous } = this;
    const privileges = this.privileges.filter(({ enabled }) => enabled).length;
    const shown = {
      user: user.name ?? user.id,
      ...(user.name !== undefined && { id: user.id }),
      type,
      level,
      groups: this.groups.map(({ id, name }) => name ?? id),
      ...(privileges > 0 && { enabledPrivileges: privileges }),
      ...(logonId !== null && { logonId }),
      ...(isAnonymous && { isAnonymous }),
    };
    return `Token ${inspect(shown, options)}`;
  }

  /** @internal A reference for what acts as the user however long this object stays open. */
  ref(): TokenRef {
    this.openId();
    return (this.#ref as TokenRef).share();
  }

  /** @internal The native token; throws ERR_TOKEN_CLOSED. */
  openId(): TokenId {
    if (!this.#ref) throw new ImpersonationError('The token is closed', 'ERR_TOKEN_CLOSED');
    return this.#ref.id;
  }

  /** @internal `openId()` of a token that another one is made from: an intermediate token need not be closed. */
  sourceId(): TokenId {
    const id = this.openId();
    quietToken(this.#ref as TokenRef);
    return id;
  }

  /** @internal Whether the kernel lets a thread work under this token: a primary one, or one of a sufficient level. */
  get permitsWork(): boolean {
    const { level } = this;
    return level !== 'anonymous' && level !== 'identification';
  }

  /** @internal */
  static validate(
    value: unknown,
    argument: string,
    expected = 'an instance of Token',
  ): asserts value is Token {
    if (typeof value === 'object' && value !== null && #ref in value) return;
    if (isOfAnotherCopy(value)) {
      throw argumentError(
        'ERR_INVALID_ARG_TYPE',
        `The "${argument}" argument must be an instance of Token. Received a Token of another copy of the package`,
      );
    }
    throw wrongType(argument, expected, value);
  }

  get #described(): NativeDescription {
    return (this.#description ??= native.describeToken(this.openId()));
  }
}

const reminders = Object.fromEntries(
  ['run', 'runSync', 'impersonate', 'share'].map((name) => {
    const value = (): never => {
      throw argumentError(
        'ERR_INVALID_ARG_TYPE',
        `${name}() is called on the Promise of a Token: await it first`,
      );
    };
    return [name, { value, configurable: true }];
  }),
);

/** Adds methods of a token to its promise. They throw, as the caller has forgotten to await the promise. */
export const remindOfAwait = <T>(promise: Promise<T>): Promise<T> =>
  Object.defineProperties(promise, reminders);

Object.defineProperty(OpenToken.prototype, copyMark, { value: thisCopy });
