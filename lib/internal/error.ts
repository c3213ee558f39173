import type { ArgumentErrorCode, ImpersonationErrorCode } from './error-codes';

/** Codes of errors whose cause is in the process's rights or in the system's configuration. */
const configurationErrors = new Set(
  (
    'ERR_IMPERSONATION_DOWNGRADED ERR_NO_RESERVED_UID ERR_IIS_NOT_CONFIGURED ERROR_PRIVILEGE_NOT_HELD ' +
    'SEC_E_NO_CREDENTIALS SEC_E_TIME_SKEW SEC_E_WRONG_PRINCIPAL SEC_E_TARGET_UNKNOWN ' +
    'PAM_OPEN_ERR PAM_SYMBOL_ERR PAM_SERVICE_ERR PAM_SYSTEM_ERR PAM_CRED_INSUFFICIENT PAM_AUTHINFO_UNAVAIL ' +
    'PAM_IGNORE PAM_ABORT PAM_MODULE_UNKNOWN'
  ).split(' '),
);
/** Calls that fail without a capability, or with an id that the user namespace does not map. */
const credentialCalls = new Set(['setgroups', 'setresgid', 'setresuid', 'capset', 'prctl']);
const credentialErrors = new Set(['EPERM', 'EINVAL', 'ENOSYS']);

/** Returns whether `npx impersonate doctor` finds the cause of an error. */
function isDiagnosable(code: string, syscall: string, message: string): boolean {
  if (configurationErrors.has(code)) return true;
  // GSSAPI has no codes for a missing key and a wrong clock.
  if (code === 'ERR_HANDSHAKE_REFUSED') return /key ?tab|decrypts|clock/i.test(message);
  // pam_unix rejects the right password too, if the process may not read /etc/shadow.
  if (code === 'PAM_AUTH_ERR') return process.geteuid?.() !== 0;
  return credentialErrors.has(code) && credentialCalls.has(syscall);
}

const advice = '; run npx impersonate doctor';

/** Returns the message of an error for the doctor's own report. */
export const withoutAdvice = ({ message }: { readonly message: string }): string =>
  message.endsWith(advice) ? message.slice(0, -advice.length) : message;

/** Returns the message of an error, with what to do if the doctor finds its cause. */
function withAdvice(message: string, code: string, syscall: string): string {
  if (message.endsWith(advice) || !isDiagnosable(code, syscall, message)) return message;
  return message + advice;
}

/**
 * An error of the operating system, or of this package.
 *
 * @example
 * try {
 *   using alice = await Token.logon({ user: 'alice', password: 'a guess' });
 * } catch (error) {
 *   if (!(error instanceof ImpersonationError)) throw error;
 *   response.writeHead(401).end(`The logon failed: ${error.code}`);
 * }
 */
export class ImpersonationError extends Error {
  /**
   * One of the package's own codes, the name of a Win32 error (`ERROR_LOGON_FAILURE`), of an errno (`EPERM`) or of a
   * result of PAM (`PAM_AUTH_ERR`).
   */
  declare readonly code: ImpersonationErrorCode | (string & {});
  /** The system's number for the error; absent if the system has reported none. */
  declare readonly errno?: number;
  /** The system call that failed or whose result is rejected; absent if there is none. */
  declare readonly syscall?: string;

  /**
   * @param message - What failed, and the remedy.
   * @param code - See `code`.
   * @param errno - See `errno`; 0 for none.
   * @param syscall - See `syscall`; empty for none.
   */
  constructor(message: string, code: ImpersonationErrorCode, errno = 0, syscall = '') {
    super(withAdvice(message, code, syscall));
    Object.assign(this, { code }, errno !== 0 && { errno }, syscall !== '' && { syscall });
  }

  /** The name of the class, which a stack trace shows with the code. */
  override get name(): string {
    return 'ImpersonationError';
  }
}

/**
 * Returns a copy of an error of this package. In a reaction of a promise its stack has the async functions that wait for
 * that promise; the native side makes errors without a stack, and an error that several calls share has none of theirs.
 */
export function withCallers(error: unknown): unknown {
  if (!(error instanceof ImpersonationError)) return error;
  const { message, code, errno, syscall } = error;
  return new ImpersonationError(message, code as ImpersonationErrorCode, errno, syscall);
}

/** Gives an error the form of Node's own: the text and the stack name the code after the class. */
export function withCode<E extends Error>(error: E, code: string): E & { code: string } {
  const property = (value: unknown): PropertyDescriptor => ({ value, writable: true, configurable: true });
  const { name } = error;
  Object.defineProperty(error, 'name', property(`${name} [${code}]`));
  // It begins with the name that the error has when it is first read.
  Reflect.get(error, 'stack');
  Object.defineProperty(error, 'name', property(name));
  const toString = (): string => `${error.name} [${code}]: ${error.message}`;
  Object.defineProperty(error, 'toString', property(toString));
  return Object.assign(error, { code });
}

/** Makes a TypeError as Node's own functions throw it for a wrong argument. */
export function argumentError(code: ArgumentErrorCode, message: string): TypeError {
  return withCode(new TypeError(message), code);
}

/** Makes the error for what the native side reports. */
export function createError(message: string, code: string, errno: number, syscall: string): Error {
  if (code === 'ERR_INVALID_ARG_TYPE' || code === 'ERR_INVALID_ARG_VALUE')
    return argumentError(code, message);
  // The code may be the system's.
  return new ImpersonationError(message, code as ImpersonationErrorCode, errno, syscall);
}

/**
 * Returns the promise that `start` returns, or one that rejects with what it throws: Promise.try() without a further
 * promise.
 */
export function promiseOf<T>(start: () => T | Promise<T>): Promise<T> {
  try {
    return Promise.resolve(start());
  } catch (error) {
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- whatever was thrown
    return Promise.reject(error);
  }
}
