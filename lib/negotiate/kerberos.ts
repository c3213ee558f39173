import { ImpersonationError } from '../internal/error';

/** What the package `kerberos` has for a server: one client's security context. Of base64 throughout. */
export interface KerberosServer {
  /** gss_accept_sec_context on a thread of libuv's pool. */
  step(leg: string): Promise<unknown>;
  /** The client's principal, once it is proven. */
  readonly username: string | null;
  /** Whose key of the keytab the client's ticket was for; only where the server has asked for no key by name. */
  readonly targetName: string | null;
  /** What the client is to get. */
  readonly response: string | null;
  /** Says yes of every leg that was no error. */
  readonly contextComplete: boolean;
}

interface KerberosPackage {
  /** With an empty name the client's ticket may be for any key of the keytab. */
  initializeServer(service: string): Promise<KerberosServer>;
}

function load(): KerberosPackage {
  try {
    // Not before it is needed: who has no use for it need not install it.
    // eslint-disable-next-line @typescript-eslint/no-require-imports
    return require('kerberos') as KerberosPackage;
  } catch (cause) {
    const error = new ImpersonationError(
      'Integrated Authentication on Linux needs the package kerberos (npm install kerberos) and the libraries of ' +
        `MIT Kerberos: ${(cause as Error).message.split('\n')[0] ?? ''}`,
      'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM',
    );
    throw Object.assign(error, { cause });
  }
}

let loaded: KerberosPackage | undefined;

/** The package `kerberos`, which is loaded when it is first asked for; to be called as the process. */
export function kerberos(): KerberosPackage {
  return (loaded ??= load());
}
