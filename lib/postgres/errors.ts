import { ImpersonationError } from '../internal/error';

/** Makes the error for what a server must not send. */
export function protocolError(what: string): ImpersonationError {
  return new ImpersonationError(
    `The PostgreSQL server sent ${what}. The connection is closed`,
    'ERR_POSTGRES_PROTOCOL',
  );
}
