/**
 * What the operating system or this package refused.
 *
 * `code` is the Win32 name (`ERROR_LOGON_FAILURE`), the errno name (`EPERM`) or one of the package's own
 * (`ERR_TOKEN_CLOSED`). `errno` and `syscall` are the number and the call that failed, on the thread where it
 * failed; both are absent for the package's own errors.
 */
export class ImpersonationError extends Error {
  declare readonly code: string;
  declare readonly errno?: number;
  declare readonly syscall?: string;

  constructor(message: string, code: string, errno = 0, syscall = '') {
    super(message);
    Object.assign(this, { code }, errno !== 0 && { errno }, syscall !== '' && { syscall });
  }

  /** The code belongs in the stack, as in Node's own errors. */
  override get name(): string {
    return 'ImpersonationError';
  }
}

/** A TypeError as Node's own functions throw it for a wrong argument. */
export function argumentError(
  code: 'ERR_INVALID_ARG_TYPE' | 'ERR_INVALID_ARG_VALUE',
  message: string,
): TypeError {
  return Object.assign(new TypeError(message), { code });
}

/** The error for what the native side reports. */
export function createError(message: string, code: string, errno: number, syscall: string): Error {
  if (code === 'ERR_INVALID_ARG_TYPE' || code === 'ERR_INVALID_ARG_VALUE')
    return argumentError(code, message);
  return new ImpersonationError(message, code, errno, syscall);
}
