import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { native } from '../internal/binding';
import { requireNoConflict } from '../scope/conflict';
import { currentFlow } from '../internal/flow-store';
import { toHandle } from './handle';
import { internal } from '../internal/private';
import { OpenToken } from './open-token';
import { processToken } from './process-token';
import { currentTokenId } from '../scope/state';
import { claimTicket } from './tickets';
import { idsToken, type ForIdsOptions } from './for-ids';
import { userToken, type ForUserOptions } from './for-user';
import { iisToken, type IisOptions } from './from-iis';
import { logon, type LogonOptions } from './logon';
import { peerToken } from './from-peer';
import { Token } from './token';
import { findToken } from '../internal/token-registry';
import { validateBoolean, validateOptions } from '../internal/validate';

/** Where tokens come from: one static method for each. */
export abstract class TokenSources extends OpenToken {
  /** The identity of the process, whatever this thread impersonates: OpenProcessToken, or the process's ids. */
  static process(): Token {
    return new Token(internal, native.processToken());
  }

  /**
   * Who the running code acts as: the token of the innermost scope, else of the flow, else of the process. It
   * belongs to whoever made it: do not close it. Asks no kernel, so it does not see what other addons do to the
   * thread. Throws ERR_IDENTITY_CONFLICT where code of another user's flow runs inside a scope.
   */
  static current(): Token {
    requireNoConflict();
    const id = currentTokenId();
    const known = id === 0 ? undefined : findToken(id);
    if (known) return known;
    // The scope's token has been closed since: it lives in the scope alone, until it gets a number again.
    if (id !== 0) return new Token(internal, native.currentToken(), true);
    const flow = currentFlow();
    if (flow) return flow.token.closed ? new Token(internal, flow.lease) : flow.token;
    return processToken(() => new Token(internal, native.processToken()));
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
   * A user who proves himself with a password. Asked on a thread of its own: it may wait for another machine. Rejects
   * with what the system says: ERROR_LOGON_FAILURE, ERROR_ACCOUNT_LOCKED_OUT and the like (LogonUserW), PAM_AUTH_ERR,
   * PAM_ACCT_EXPIRED and the like on Linux (pam_authenticate, pam_acct_mgmt); with AbortError once `signal` says so.
   */
  static logon(options: LogonOptions): Promise<Token> {
    return logon(options);
  }

  /**
   * A user by name, without a password. Asked on a thread of its own, as the process. Windows: S4U (LsaLogonUser), of
   * level impersonation where the process has SeTcbPrivilege and identification elsewhere (see `level`), which is for
   * looking at only; the name is `user@domain`, `DOMAIN\\user`, or `.\\user` or `user` for an account of this computer.
   * Linux: getpwnam_r and getgrouplist. Rejects with ERR_UNKNOWN_USER if there is no such user, with
   * ERROR_ACCOUNT_DISABLED, ERROR_ACCOUNT_LOCKED_OUT and the like if he may not log on; on Linux with
   * ERR_ACCOUNT_EXPIRED where the process may read /etc/shadow, and with PAM's refusal where `account` asks for it.
   */
  static forUser(name: string, options: ForUserOptions = {}): Promise<Token> {
    return userToken(name, options);
  }

  /**
   * Returns the token of a Linux user by numbers, for one whom the user database does not know: those of an NFS or S3
   * gateway, or of a container. Asks nobody.
   *
   * @param options - `uid`, `gid` and the supplementary `groups`, 0 to 4,294,967,294; a `uid` of 0 only with `allowRoot`.
   * @returns A token of this thread's own, to be closed.
   * @throws TypeError `ERR_INVALID_ARG_TYPE` or `ERR_INVALID_ARG_VALUE` for anything else; `ERR_FEATURE_UNAVAILABLE_ON_PLATFORM` on
   * Windows; `ERR_TOKEN_LIMIT`.
   * @example
   * using token = Token.forIds({ uid: 20_001, gid: 20_001, groups: [30_000] });
   * token.runSync(() => fs.readdirSync('/export'));
   */
  static forIds(options: ForIdsOptions): Token {
    return idsToken(options);
  }

  /**
   * Who is at the other end of an accepted connection: a named pipe's client at the level that it allows
   * (ImpersonateNamedPipeClient), or a unix socket's as it was when it connected (SO_PEERCRED, SO_PEERGROUPS).
   */
  static fromPeer(socket: Socket): Token {
    return peerToken(socket);
  }

  /**
   * The user that IIS has authenticated and forwarded with a request as a handle of this process's, which is taken
   * over. Only from the local IIS, which proves itself by its pairing token. Windows.
   */
  static fromIisRequest(request: IncomingMessage, options: IisOptions = {}): Token {
    return iisToken(request, options);
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
}
