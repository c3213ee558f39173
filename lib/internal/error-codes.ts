// The only place that names the package's own codes. docs/errors.md is made of these docstrings: npm run docs.

/**
 * The codes of an `ImpersonationError` that are the package's own. Others are the system's.
 *
 * @example
 * const retried: ImpersonationErrorCode[] = ['ERR_USER_BUSY', 'ERR_TASK_LIMIT', 'ERR_HANDSHAKE_LIMIT'];
 */
export type ImpersonationErrorCode =
  /** The account has expired (/etc/shadow). Linux. Ask its administrator to renew it. */
  | 'ERR_ACCOUNT_EXPIRED'
  /** The package has no binary for this platform, or it does not load. The message has the reason and the command that compiles one. */
  | 'ERR_ADDON_NOT_FOUND'
  /** The callback of a synchronous scope returned a promise, or one of a scope or flow a generator: the rest of its work would not run as the user. Use `token.run()` for asynchronous work; iterate a generator inside the callback. */
  | 'ERR_ASYNC_RESULT'
  /** A declared operation (`impersonate/declarative`) acts as its caller, and there is none: it was called outside of every flow, or `caller` returned none. Authenticate the request, or call the operation in `token.run()`. */
  | 'ERR_CALLER_REQUIRED'
  /** The NegotiateClient, or the dispatcher, agent or fetch function that uses it, is closed. Make a new one. */
  | 'ERR_CLIENT_CLOSED'
  /** The option or function exists on the other system only, or a library that it needs is missing (PAM, MIT Kerberos). The message says what to use or to install. */
  | 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM'
  /** A flow ended with handles open, and `setStrictHandles(true)` is set. The message lists them with the stack of their opening. Close them in the flow. */
  | 'ERR_HANDLE_LEAKED'
  /** The client of a handshake is anonymous, or a guest. Set `allowAnonymous` to accept it. */
  | 'ERR_HANDSHAKE_ANONYMOUS'
  /** A handshake message arrived while the previous one was being processed. The handshake is closed; begin a new one. */
  | 'ERR_HANDSHAKE_BUSY'
  /** The handshake has ended, or its client has disconnected. Begin a new one. */
  | 'ERR_HANDSHAKE_CLOSED'
  /** `maxHandshakes` handshakes are in progress. Raise the option, or let the client retry. */
  | 'ERR_HANDSHAKE_LIMIT'
  /** A handshake message was not accepted: a client's by GSSAPI, or because it is for another mechanism or service; or a server rejects the client. The message of the error has the reason, such as a wrong keytab or clock. Linux. */
  | 'ERR_HANDSHAKE_REFUSED'
  /** The handshake did not end within `timeout`. */
  | 'ERR_HANDSHAKE_TIMEOUT'
  /** A handshake message is larger than `maxMessageSize`. */
  | 'ERR_HANDSHAKE_TOO_LARGE'
  /** A handshake has more messages than `maxMessages`. */
  | 'ERR_HANDSHAKE_TOO_LONG'
  /** The request was answered before its client was authenticated. Do not write to a response before the authentication. */
  | 'ERR_HTTP_ANSWERED'
  /** The body of a request to a server that may ask for authentication is a stream of more than `maxBufferedBody` bytes. Raise the option, pass a Buffer, or set `preemptive`. */
  | 'ERR_HTTP_BODY_TOO_LARGE'
  /** A proxy forwarded the request, and the handshake needs a connection of the client's own. Let clients connect directly, or use Kerberos. */
  | 'ERR_HTTP_FORWARDED'
  /** A further request arrived on the connection while a handshake message was being processed. The connection is closed. */
  | 'ERR_HTTP_PIPELINED'
  /** No data passed on the connection of a request for `timeout` milliseconds. Raise the option if the server is slow. */
  | 'ERR_HTTP_TIMEOUT'
  /** A request for an upgrade, or by CONNECT, was to go through a client that authenticates. Use a connection of its own. */
  | 'ERR_HTTP_UPGRADE'
  /** The request came by HTTP/2, whose connection has no single user. Serve HTTP/1.1. */
  | 'ERR_HTTP_VERSION'
  /** Code of one user's flow runs inside another user's scope, or writes to a connection of `gssStream()` that was authenticated for another identity. Call what was bound in a flow outside of scopes, or in `withoutToken()`; give each user a pool, as `UserPools` does. */
  | 'ERR_IDENTITY_CONFLICT'
  /** The process was not started by the ASP.NET Core Module of IIS, and no `pairingToken` was given. Windows. */
  | 'ERR_IIS_NOT_CONFIGURED'
  /** The request does not come from the local IIS, or carries no user. The message says what is missing. */
  | 'ERR_IIS_REQUEST_REFUSED'
  /** The system accepted the switch, and reading it back shows another level or identity. The thread has been reverted. Windows: give the process SeImpersonatePrivilege. Linux: a sandbox or system call filter changes the call. */
  | 'ERR_IMPERSONATION_DOWNGRADED'
  /** The system reports another user than the expected one: after a switch, which has been reverted, or as the result of a logon (Windows); or a thread was started with a user's identity and cannot get the process identity (Linux). */
  | 'ERR_IMPERSONATION_MISMATCH'
  /** An error of the package itself, or of the C++ library, such as no memory. Report it. */
  | 'ERR_INTERNAL'
  /** The Authorization header of the request is not one of the scheme, or not base64. */
  | 'ERR_INVALID_AUTHORIZATION'
  /** Declarations of operations (`impersonate/declarative`) contradict their service, or are missing. `errors` has all of them, each with its operation. Declare the operations as the messages say. */
  | 'ERR_INVALID_DECLARATION'
  /** The account or token has an id that no thread may act as: 4294967295, or the reserved uid. For the latter set `IMPERSONATE_RESERVED_UID` to another. Linux. */
  | 'ERR_INVALID_IDENTITY'
  /** UV_USE_IO_URING is set on Node 20: file operations would not act as the user. Unset it. Linux. */
  | 'ERR_IO_URING'
  /** No uid is free to be the real uid of impersonating threads, or `IMPERSONATE_RESERVED_UID` cannot be used. Set it to a mapped uid of no account, other than 0. Linux. */
  | 'ERR_NO_RESERVED_UID'
  /** The token has no credential for other services: see `token.delegation`. On Linux let clients forward their tickets, or set `constrainedDelegation` of the NegotiateServer, or `keytab` and `transition` of the NegotiateClient; docs/delegation.md has the steps. */
  | 'ERR_NOT_DELEGATED'
  /** A function of Node.js was called in a flow, a scope or an `ImpersonatedWorker` and cannot act as the user: [routing.md](routing.md) lists them. Use another function, or call it in `withoutToken()` to act as the process. */
  | 'ERR_NOT_ROUTED'
  /** The server has chosen NTLM, or another mechanism than Kerberos, which does not prove its identity. Register its service principal name; or set `allowNtlm` (Windows). */
  | 'ERR_NTLM_REFUSED'
  /** The code runs outside of every scope and flow: it needs a token, or calls a built-in on a thread that is sealed (`seal()`). Call it in `token.run()`, `token.runSync()` or a scope; on a sealed thread, for the service's own work, in `withoutToken()`, or allow its path. */
  | 'ERR_NO_TOKEN'
  /** The client of a pipe wrote nothing within `identifyTimeout`, and Windows does not identify it before. Raise the option if clients are slow. Windows. */
  | 'ERR_PEER_TIMEOUT'
  /** A PostgreSQL server asked for a password or another method of authentication. Set the method `gss` (or `sspi`) in pg_hba.conf. */
  | 'ERR_POSTGRES_PASSWORD_REQUESTED'
  /** A PostgreSQL server sent what the protocol does not have before a client is authenticated, such as a message of more than 64 KiB. Check that the host and port are those of a PostgreSQL server. */
  | 'ERR_POSTGRES_PROTOCOL'
  /** A PostgreSQL server does not support TLS, and the connection is to use it. Set `ssl = on` in postgresql.conf. */
  | 'ERR_POSTGRES_TLS_REFUSED'
  /** The program has replaced the global `Promise` (zone.js, `global.Promise = require('bluebird')`) or `AsyncLocalStorage` of node:async_hooks, which flows are made of: code of one user would run in the flow of another. Leave the built-in class in its place, or use `runSync()` or an `ImpersonatedWorker`. */
  | 'ERR_PROMISE_REPLACED'
  /** A flow cannot begin inside a synchronous scope: begin it outside, or in `withoutToken()`. `process.setuid()` and the like (Linux) and `dropPrivileges()` cannot be called while any thread acts as a user, the latter on Windows not while a token is open, and `process._tickCallback()` not inside a scope: call them outside. */
  | 'ERR_SCOPE_ACTIVE'
  /** A scope was left open across an `await`, or after its callback. It is written to standard error, and the process ends with exit code 70. Dispose every scope in the block that opened it. */
  | 'ERR_SCOPE_LEAKED'
  /** Scopes were not reverted innermost first. Use `using`. */
  | 'ERR_SCOPE_ORDER'
  /** `seal()` has been called on this thread before, and a thread stays sealed. Call it once, after start-up. */
  | 'ERR_SEALED'
  /** The process has loaded another copy of the package, with scopes of its own. Have one only, by `npm dedupe`. */
  | 'ERR_SECOND_COPY'
  /** The server is listening, or about to. Close it first. */
  | 'ERR_SERVER_ALREADY_LISTEN'
  /** The NegotiateServer is closed. Make a new one. */
  | 'ERR_SERVER_CLOSED'
  /** The server was closed before it listened. */
  | 'ERR_SERVER_NOT_RUNNING'
  /** The server has ended the handshake without proving its identity: its reply must not be trusted. It may be another server than the one that the service principal name stands for. */
  | 'ERR_SERVER_UNPROVEN'
  /** The process that holds the PAM session of a program did not start, ended before the program was started, or did not open the session within a minute. Linux. The message says which; see the logs of PAM's modules. */
  | 'ERR_SESSION_FAILED'
  /** The socket is closed, or its client has disconnected. */
  | 'ERR_SOCKET_CLOSED'
  /** As many tasks of the user wait as `maxQueue` of the UserWorkers permits. Let the user retry later. */
  | 'ERR_TASK_LIMIT'
  /** The ticket has been claimed, has expired, or never existed. Share the token again. */
  | 'ERR_TICKET_INVALID'
  /** As many tickets are unclaimed as there may be tokens. Claim them, or share for a shorter time. */
  | 'ERR_TICKET_LIMIT'
  /** The Kerberos tickets for programs (`client.tickets()`) are closed. Get new ones. */
  | 'ERR_TICKETS_CLOSED'
  /** The token cache is closed. */
  | 'ERR_TOKEN_CACHE_CLOSED'
  /** The token is closed. */
  | 'ERR_TOKEN_CLOSED'
  /** The impersonation level of the token permits inspection only, or a duplicate would have a higher level than its token (Linux). Use `Token.logon`, or give the service SeTcbPrivilege; the client of a connection decides its level itself. */
  | 'ERR_TOKEN_LEVEL'
  /** The process has `Token.limit` open tokens. Close tokens that are not needed, or raise the limit. */
  | 'ERR_TOKEN_LIMIT'
  /** The server belongs to another user than the option `server` names. Nothing was sent. */
  | 'ERR_UNEXPECTED_SERVER'
  /** There is no PAM service of this name for `options.session`. Linux. Name a file in /etc/pam.d. */
  | 'ERR_UNKNOWN_SERVICE'
  /** The system has no user of that name. */
  | 'ERR_UNKNOWN_USER'
  /** The Kerberos principal is not mapped to an account: it is of another realm, has an instance or is a system account, or `mapUser` has returned null. Return a name from `mapUser`. Linux. */
  | 'ERR_UNMAPPED_PRINCIPAL'
  /** The package cannot impersonate here. Windows and Linux are supported, with Node.js and Electron. On other systems the package loads, and each call throws; in Bun and Deno loading it throws. */
  | 'ERR_UNSUPPORTED_PLATFORM'
  /** No thread began a file system call of the user within `queueTimeout` of `configurePool()`: as many of the user's calls as may run have not returned. Raise `perUser` or `queueTimeout`. */
  | 'ERR_USER_BUSY'
  /** The UserWorkers are closed, or were destroyed before the task ended. Make new ones. */
  | 'ERR_WORKERS_CLOSED'
  /** A worker of UserWorkers ended before it completed the task: by an exception that was not caught, which is the `cause`, or by `process.exit()`. The next task of the user has a new worker. */
  | 'ERR_WORKER_EXITED'
  /** A Worker, or a worker of a cluster, was to be started in a flow, a scope or an `ImpersonatedWorker`: it would act as the process. Use an `ImpersonatedWorker`, or start it in `withoutToken()`. */
  | 'ERR_WORKER_IN_FLOW';

/**
 * The codes of a `TypeError`: wrong arguments. Nothing has been changed.
 *
 * @example
 * const isWrongCall = (code: string): code is ArgumentErrorCode => code.startsWith('ERR_INVALID_ARG_');
 */
export type ArgumentErrorCode =
  /** The class has no public constructor. Use the function that makes its objects. */
  | 'ERR_ILLEGAL_CONSTRUCTOR'
  /** The argument has the wrong type. The message names it. */
  | 'ERR_INVALID_ARG_TYPE'
  /** The argument has a value that is not allowed. The message names it and the reason. */
  | 'ERR_INVALID_ARG_VALUE';

/**
 * The codes of warnings of type `ImpersonationWarning` (`process.on('warning')`). Each is emitted once.
 *
 * @example
 * const ignored: ImpersonationWarningCode = 'IMPERSONATE_TOKEN_NOT_CLOSED';
 * process.on('warning', (warning: Error & { code?: string }) => {
 *   if (warning.code !== ignored) console.error(warning);
 * });
 */
export type ImpersonationWarningCode =
  /** Modules that were loaded before the package may hold functions of node:fs that act as the process, or run the work of one user as another. Load the package first, or with `node --import impersonate/register`. */
  | 'IMPERSONATE_LOADED_LATE'
  /** NODE_OPTIONS names the package, and this node ignores it, as its file has capabilities. Linux. Start it as `node --import impersonate/register`. */
  | 'IMPERSONATE_NODE_OPTIONS_IGNORED'
  /** A Token was garbage-collected without `close()`. Declare tokens with `using`. */
  | 'IMPERSONATE_TOKEN_NOT_CLOSED';
