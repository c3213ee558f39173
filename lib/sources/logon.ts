import { ImpersonationError } from '../error';
import type { Token } from '../token';

/** How a Windows logon is made: the LOGON32_LOGON_ types in camel case. */
export type LogonType =
  'interactive' | 'network' | 'batch' | 'service' | 'unlock' | 'networkCleartext' | 'newCredentials';

/** Who logs on, and how. */
export interface LogonOptions {
  /** `alice`, `alice@example.com` or `EXAMPLE\\alice`. */
  user: string;
  /** A Windows domain, or `.` for this computer's own accounts. Not with a user that names it. */
  domain?: string;
  /** As a Buffer it is UTF-8, and the caller's to wipe. */
  password: string | Uint8Array;
  /** Windows; `network` by default. */
  type?: LogonType;
  /** Windows; `default` by default. */
  provider?: 'default' | 'winnt40' | 'winnt50';
  /** The PAM service whose rules hold, a file in /etc/pam.d; `login` by default. Linux. */
  service?: string;
  signal?: AbortSignal;
}

/** What `Token.logon` does. */
export async function logon(_options: LogonOptions): Promise<Token> {
  throw new ImpersonationError('Not available', 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM');
}
