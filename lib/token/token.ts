import type { EventEmitter } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { TokenId } from '../../types/native';
import type { BindOptions } from '../flow/events';
import { requireLevelForWork, runAsFlow } from '../flow/run';
import { native } from '../internal/binding';
import { deferred } from '../internal/deferred';
import { currentFlow, newFlow } from '../internal/flow-store';
import { illegalConstructor, internal } from '../internal/private';
import { findToken, TokenRef } from '../internal/token-ref';
import { toHandle, validateBoolean, validateInteger, validateOptions } from '../internal/validate';
import { Impersonation } from '../scope/impersonation';
import { runSyncAs } from '../scope/run-sync';
import { currentTokenId, requireNoConflict } from '../scope/state';
import type { ForIdsOptions } from './for-ids';
import type { ForUserOptions } from './for-user';
import type { IisOptions } from './from-iis';
import { levelNumber, remindOfAwait, type ImpersonationLevel } from './open-token';
import type { LogonOptions } from './logon';
import { ProgramStarter } from './programs';
import type { RestrictOptions } from './restrictions';
import type { ShareOptions } from './tickets';

const tokenOf = (id: TokenId): Token => new Token(internal, id);
/** What `Token.current()` returns outside of every scope and flow. */
let processToken: Token | undefined;

/** Closes the cached token of the process. Call it when the credentials of the process have changed. */
export function forgetProcessToken(): void {
  processToken?.close();
  processToken = undefined;
}

/**
 * An identity that a thread can act as: a Win32 access token, or a Linux user with groups.
 *
 * A static method makes a token; it is immutable, and it is used on the thread that made it. It holds a kernel resource
 * until `close()`, `using` or garbage collection. Scopes and flows that act as it keep the resource until they end.
 * Every member but `closed`, `close()` and those for display throws `ERR_TOKEN_CLOSED` once the token is closed.
 *
 * @example
 * using alice = await Token.forUser('alice');
 * const text = alice.runSync(() => fs.readFileSync('/srv/files/report.txt', 'utf8'));
 * await alice.run(() => fs.promises.writeFile('/srv/files/copy.txt', text));
 */
export class Token extends ProgramStarter {
  /** @internal */
  constructor(key: symbol, token: TokenId | TokenRef, quiet = false) {
    if (key !== internal) throw illegalConstructor('Token');
    super(typeof token === 'number' ? new TokenRef(token) : token, quiet);
  }

  /**
   * Returns the identity of the process, whatever this thread impersonates (OpenProcessToken, or the process's ids).
   *
   * @returns A token of the caller's own, to be closed.
   * @throws ImpersonationError `ERR_TOKEN_LIMIT`, as every method that makes a token; or the system's error.
   * @example
   * using service = Token.process();
   * console.log(service.user);
   */
  static process(): Token {
    return new Token(internal, native.processToken());
  }

  /**
   * Returns the effective identity of the running code: the token of the innermost scope, else of the flow, else of the
   * process. It makes no system call, so it does not see what another addon does to the thread.
   *
   * @returns A token that is not the caller's to close.
   * @throws ImpersonationError `ERR_IDENTITY_CONFLICT` where code of one user's flow runs inside another user's scope.
   * @example
   * const log = (text: string) => console.log(`${Token.current().user.id} ${text}`);
   * token.run(() => log('opens a report'));
   */
  static current(): Token {
    requireNoConflict();
    const id = currentTokenId();
    const known = id === 0 ? undefined : findToken(id);
    if (known) return known;
    // The scope's token has been closed since: only the scope holds it, until it gets an id again.
    if (id !== 0) return new Token(internal, native.currentToken(), true);
    const flow = currentFlow();
    if (flow) return flow.token.reopened(flow.tokenRef);
    if (!processToken || processToken.closed) processToken = new Token(internal, native.processToken());
    return processToken;
  }

  /**
   * Returns the token that the kernel reports for this thread, whichever code set it (OpenThreadToken, or the thread's
   * ids); null if there is none.
   *
   * @returns A token of the caller's own, to be closed, or null.
   * @throws ImpersonationError The system's error.
   * @example
   * console.log(Token.thread()); // Prints: null
   * token.runSync(() => {
   *   using thread = Token.thread();
   *   console.log(thread?.user.id === token.user.id); // Prints: true
   * });
   */
  static thread(): Token | null {
    const id = native.threadToken();
    return id === 0 ? null : new Token(internal, id);
  }

  /**
   * Returns the identity of an unauthenticated user: the anonymous logon (ImpersonateAnonymousToken), or uid and gid
   * 65534 on Linux.
   *
   * @returns A token of the caller's own, to be closed.
   * @throws ImpersonationError The system's error.
   * @example
   * using anonymous = Token.anonymous();
   * console.log(anonymous.runSync(() => fs.existsSync('/srv/files/report.txt'))); // false: only Alice may enter the folder
   */
  static anonymous(): Token {
    return new Token(internal, native.anonymousToken());
  }

  /**
   * Logs a user on with a password, on a thread of its own, since it may wait for another machine (LogonUserW;
   * pam_authenticate and pam_acct_mgmt on Linux).
   *
   * @param options - The user, the password, and how to log on. The password is copied before the method returns, and
   * the copy is wiped after the logon.
   * @returns A token of the caller's own, to be closed.
   * @throws TypeError Rejects with `ERR_INVALID_ARG_TYPE` or `ERR_INVALID_ARG_VALUE`.
   * @throws ImpersonationError Rejects with the system's error, such as `ERROR_LOGON_FAILURE` or `PAM_AUTH_ERR`; with
   * `ERR_FEATURE_UNAVAILABLE_ON_PLATFORM` for another system's option or without PAM; or with the reason of `signal`.
   * @example
   * using alice = await Token.logon({ user: 'alice', password });
   */
  static logon(options: LogonOptions): Promise<Token> {
    return remindOfAwait(deferred().logon(options).then(tokenOf));
  }

  /**
   * Returns a user's token by name, without a password. The look-up runs on a thread of its own, as the process.
   *
   * Windows uses S4U (LsaLogonUser). The token has level `impersonation` if the process has SeTcbPrivilege, and else
   * `identification`, which can be inspected and not acted as. Linux uses getpwnam_r and getgrouplist.
   *
   * @param name - `user@domain`, `DOMAIN\user`, or `.\user` or `user` for an account of this computer; on Linux a name
   * of the user database.
   * @param options - Which authority to query, whether PAM must accept the account, and a signal.
   * @returns A token of the caller's own, to be closed.
   * @throws TypeError Rejects with `ERR_INVALID_ARG_TYPE` or `ERR_INVALID_ARG_VALUE`.
   * @throws ImpersonationError Rejects with `ERR_UNKNOWN_USER`; with `ERROR_ACCOUNT_DISABLED` and the like if the
   * account may not log on; on Linux with `ERR_ACCOUNT_EXPIRED` if the process may read /etc/shadow, with PAM's error
   * if `account` is set, and with `ERR_FEATURE_UNAVAILABLE_ON_PLATFORM` for a `source`; or with the reason of `signal`.
   * @example
   * using alice = await Token.forUser('alice');
   * console.log(alice.user.id === token.user.id); // Prints: true
   */
  static forUser(name: string, options: ForUserOptions = {}): Promise<Token> {
    return remindOfAwait(deferred().forUser(name, options).then(tokenOf));
  }

  /**
   * Returns the token of a Linux user by numbers, for a user that is not in the user database: one of an NFS or S3
   * gateway, or of a container. It makes no look-up.
   *
   * @param options - `uid`, `gid` and the supplementary `groups`, 0 to 4,294,967,294; a `uid` of 0 only with `allowRoot`.
   * @returns A token of the caller's own, to be closed.
   * @throws TypeError `ERR_INVALID_ARG_TYPE` or `ERR_INVALID_ARG_VALUE`.
   * @throws ImpersonationError `ERR_FEATURE_UNAVAILABLE_ON_PLATFORM` on Windows; `ERR_TOKEN_LIMIT`.
   * @example
   * using client = Token.forIds({ uid: 20_001, gid: 20_001, groups: [30_000] });
   * console.log(client.runSync(() => process.geteuid?.())); // Prints: 20001
   */
  static forIds(options: ForIdsOptions): Token {
    return new Token(internal, deferred().forIds(options));
  }

  /**
   * Returns the user at the other end of an accepted connection: a named pipe's client at the level that the client
   * allows (ImpersonateNamedPipeClient), or a unix socket's client as it was when it connected (SO_PEERCRED,
   * SO_PEERGROUPS).
   *
   * @param socket - A connected socket of node:net.
   * @returns A token of the caller's own, to be closed.
   * @throws TypeError `ERR_INVALID_ARG_TYPE`, or `ERR_INVALID_ARG_VALUE` for TCP and for the client's end.
   * @throws ImpersonationError `ERR_SOCKET_CLOSED`, or the system's error.
   * @example
   * using peer = Token.fromPeer(socket);
   * console.log(peer.user.id);
   */
  static fromPeer(socket: Socket): Token {
    return new Token(internal, deferred().fromPeer(socket));
  }

  /**
   * Returns the user that IIS has authenticated and passed on with a request, as a handle of this process, which is
   * adopted. The request must come from the local IIS, which proves itself by its pairing token. Windows.
   *
   * @param request - The request as node:http received it.
   * @param options - The pairing token, if the environment does not have it.
   * @returns A token of the caller's own, to be closed.
   * @throws TypeError `ERR_INVALID_ARG_TYPE` or `ERR_INVALID_ARG_VALUE`.
   * @throws ImpersonationError `ERR_IIS_REQUEST_REFUSED`, `ERR_IIS_NOT_CONFIGURED`,
   * `ERR_FEATURE_UNAVAILABLE_ON_PLATFORM`, or the system's error.
   * @example
   * using alice = Token.fromIisRequest(request);
   * alice.runSync(() => fs.readFileSync('/srv/files/report.txt'));
   */
  static fromIisRequest(request: IncomingMessage, options: IisOptions = {}): Token {
    return new Token(internal, deferred().fromIisRequest(request, options));
  }

  /**
   * Returns a token for a Win32 handle with TOKEN_QUERY and TOKEN_DUPLICATE access, by duplicating it. Windows.
   *
   * @param handle - The value of the handle in this process.
   * @param options - With `adopt` the handle is closed once the token is made; otherwise it stays the caller's.
   * @returns A token of the caller's own, to be closed.
   * @throws TypeError `ERR_INVALID_ARG_TYPE` or `ERR_INVALID_ARG_VALUE`.
   * @throws ImpersonationError `ERR_FEATURE_UNAVAILABLE_ON_PLATFORM` on Linux, or the system's error.
   * @example
   * using user = Token.fromHandle(handle, { adopt: true });
   */
  static fromHandle(handle: bigint | number, options: { adopt?: boolean } = {}): Token {
    const value = toHandle(handle);
    validateOptions(options, 'options', ['adopt']);
    const { adopt = false } = options;
    validateBoolean(adopt, 'options.adopt');
    return new Token(internal, native.tokenFromHandle(value, adopt));
  }

  /**
   * Returns the identity that another thread has shared, as a token of this thread. A ticket can be claimed once.
   *
   * @param ticket - What `share()` returned on the other thread.
   * @returns A token of the caller's own, to be closed.
   * @throws TypeError `ERR_INVALID_ARG_TYPE` or `ERR_INVALID_ARG_VALUE`.
   * @throws ImpersonationError `ERR_TICKET_INVALID` for a ticket that is claimed, expired or unknown.
   * @example
   * using alice = Token.claim(token.share());
   * console.log(alice.equals(token)); // Prints: true
   */
  static claim(ticket: string): Token {
    return new Token(internal, deferred().claimTicket(ticket));
  }

  /**
   * The number of open tokens in the whole process.
   *
   * @example
   * const before = Token.count;
   * using service = Token.process();
   * console.log(Token.count - before); // Prints: 1
   */
  static get count(): number {
    return native.tokenCount();
  }

  /**
   * How many tokens the whole process may have open, 1 to 65,536. Beyond it `ERR_TOKEN_LIMIT` is thrown.
   *
   * @example
   * Token.limit = 4096;
   */
  static get limit(): number {
    return native.tokenLimit();
  }
  static set limit(limit: number) {
    validateInteger(limit, 'limit', 1, 65_536);
    native.setTokenLimit(limit);
  }

  /**
   * Calls `fn` with `args` as this user and returns its result. The thread is switched, `fn` is called and the thread is
   * reverted within one native frame, so that no exception, termination or forgotten call can leave the identity on
   * (SetThreadToken; setresuid, setresgid, setgroups and capset of this thread). If the switch fails, `fn` is not called.
   * If the revert fails, the process aborts.
   *
   * @param fn - A synchronous function.
   * @param args - Its arguments.
   * @returns What `fn` returns.
   * @throws TypeError `ERR_INVALID_ARG_TYPE`, or `ERR_INVALID_ARG_VALUE` for an async or generator function.
   * @throws ImpersonationError `ERR_ASYNC_RESULT` for a promise or generator as the result; `ERR_TOKEN_LEVEL`, or the
   * system's error, if the thread cannot act as the token.
   * @example
   * const text = token.runSync(fs.readFileSync, '/srv/files/report.txt', 'utf8');
   */
  runSync<A extends unknown[], R>(fn: (...args: A) => R, ...args: A): R {
    return runSyncAs(this.openId(), fn, args);
  }

  /**
   * Calls `fn` with `args` in an async flow of this user and returns its result. The flow carries the token over every
   * await, timer and event that results from it, and no other flow sees it. node:fs, `impersonate/fs`, `runSync()`,
   * `impersonate()` and `Token.current()` use the token of the flow. The thread itself keeps the process identity. The
   * flow keeps the token alive, closed or not, for as long as anything can resume it.
   *
   * @param fn - A function, async or not.
   * @param args - Its arguments.
   * @returns What `fn` returns.
   * @throws TypeError `ERR_INVALID_ARG_TYPE`.
   * @throws ImpersonationError `ERR_SCOPE_ACTIVE` inside a synchronous scope, `ERR_TOKEN_LEVEL` for a token that does not
   * permit work, `ERR_PROMISE_REPLACED` if the program has replaced the global Promise or AsyncLocalStorage,
   * `ERR_ASYNC_RESULT` if `fn` returns a generator, whose steps would not run in the flow.
   * @example
   * await token.run(async () => {
   *   const text = await fs.promises.readFile('/srv/files/report.txt', 'utf8');
   *   await fs.promises.writeFile('/srv/files/copy.txt', text);
   * });
   */
  run<A extends unknown[], R>(fn: (...args: A) => R, ...args: A): R {
    this.openId();
    return runAsFlow(newFlow(this, this.ref()), fn, args);
  }

  /**
   * Binds a function, or the events of an EventEmitter, to a flow of this user: for sessions (WebSocket, FTP, a queue of
   * your own), whose events are emitted outside of every flow, or in another one's. The flow keeps the token alive,
   * closed or not, for as long as the function or the emitter can be reached.
   *
   * A bound function passes on `this`, its arguments and its result. An emitter calls all its listeners in the flow,
   * except those that were added to a request or response in a flow. A second call replaces the flow.
   *
   * @param target - A function, async or not, or an EventEmitter, which is changed.
   * @param options - Which events of the emitter are bound.
   * @returns A function with the name and length of `target`; or the emitter.
   * @throws TypeError `ERR_INVALID_ARG_TYPE` or `ERR_INVALID_ARG_VALUE`.
   * @throws ImpersonationError `ERR_TOKEN_LEVEL` for a token that does not permit work; `ERR_PROMISE_REPLACED`. A bound function throws
   * `ERR_ASYNC_RESULT` if `target` returns a generator.
   * @example
   * socket.on('data', (name) => fs.createReadStream(path.join('/srv/files', String(name))).pipe(socket));
   * token.bind(socket, { events: ['data', 'close'] });
   */
  bind<T extends EventEmitter | ((...args: never[]) => unknown)>(target: T, options?: BindOptions): T {
    this.openId();
    const flow = newFlow(this, this.ref());
    requireLevelForWork(flow);
    return deferred().bindToFlow(flow, target, options);
  }

  /**
   * Opens a scope: this thread acts as the token until the scope is disposed. For synchronous blocks.
   *
   * @returns The open scope, for `using`.
   * @throws ImpersonationError `ERR_TOKEN_LEVEL`, or the system's error. The thread then keeps its identity.
   * @example
   * using scope = token.impersonate();
   * const text = fs.readFileSync('/srv/files/report.txt', 'utf8');
   */
  impersonate(): Impersonation {
    return new Impersonation(internal, this, this.openId());
  }

  /**
   * Makes a ticket by which one other thread of the process can get this identity with `Token.claim()`. Whoever has the
   * ticket can use it: treat it like the token. It outlives `close()`.
   *
   * @param options - When the ticket expires.
   * @returns The ticket, to be posted to the other thread.
   * @throws TypeError `ERR_INVALID_ARG_TYPE` or `ERR_INVALID_ARG_VALUE`.
   * @throws ImpersonationError `ERR_TICKET_LIMIT` while `Token.limit` tickets are unclaimed.
   * @example
   * import { Worker } from 'node:worker_threads';
   * const worker = new Worker('/srv/app/report.js');
   * worker.postMessage({ ticket: token.share({ expiresIn: 5_000 }) }); // The worker calls Token.claim(ticket)
   */
  share(options: ShareOptions = {}): string {
    return deferred().shareToken(this.openId(), options);
  }

  /**
   * Makes a token with fewer rights: `denyOnly` SIDs, `restrictingSids`, `flags` and a lower `integrity` (Windows,
   * CreateRestrictedToken); without the named `removePrivileges`; without groups (`dropGroups`, Linux). Names that the
   * token does not hold are ignored.
   *
   * @param options - What to remove; at least one thing.
   * @returns A token of the caller's own, to be closed.
   * @throws TypeError `ERR_INVALID_ARG_TYPE` or `ERR_INVALID_ARG_VALUE`.
   * @throws ImpersonationError `ERR_FEATURE_UNAVAILABLE_ON_PLATFORM` for an option of the other system; the system's error.
   * @example
   * using lower = token.restrict({
   *   removePrivileges: process.platform === 'win32' ? ['SeShutdownPrivilege'] : ['CAP_DAC_OVERRIDE'],
   * });
   */
  restrict(options: RestrictOptions): Token {
    return new Token(internal, native.restrictToken(this.sourceId(), deferred().toRestrictions(options)));
  }

  /**
   * Makes an independent token of the same identity, at the same or a lower level (DuplicateTokenEx). The duplicate of a
   * primary token is an impersonation token.
   *
   * @param options - The level of the new token.
   * @returns A token of the caller's own, to be closed.
   * @throws TypeError `ERR_INVALID_ARG_TYPE` or `ERR_INVALID_ARG_VALUE`.
   * @throws ImpersonationError For a higher level `ERROR_BAD_IMPERSONATION_LEVEL`, or `ERR_TOKEN_LEVEL` on Linux.
   * @example
   * using shown = token.duplicate({ level: 'identification' });
   */
  duplicate(options: { level?: ImpersonationLevel } = {}): Token {
    validateOptions(options, 'options', ['level']);
    const { level = this.level ?? 'impersonation' } = options;
    return new Token(internal, native.duplicateToken(this.sourceId(), levelNumber(level, 'options.level')));
  }

  /**
   * Returns the other token of a user who has two, the elevated or the filtered one of an administrator
   * (TokenLinkedToken). Its level is `identification` unless the process has SeTcbPrivilege. Windows.
   *
   * @returns A token of the caller's own, to be closed; null if there is none.
   * @throws ImpersonationError `ERR_FEATURE_UNAVAILABLE_ON_PLATFORM` on Linux, or the system's error.
   * @example
   * using elevated = token.linked();
   * console.log(elevated === null ? 'There is one token' : elevated.groups.length);
   */
  linked(): Token | null {
    const id = native.linkedToken(this.sourceId());
    return id === 0 ? null : new Token(internal, id);
  }

  /** @internal This token, or another object for the same reference if this one has been closed. */
  reopened(ref: TokenRef): Token {
    return this.closed ? new Token(internal, ref) : this;
  }
}
