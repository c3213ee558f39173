import { ImpersonationError } from '../internal/error';

/** A principal `name@REALM`. A slash in the name separates its components. */
interface KerberosName {
  readonly name: string;
  readonly realm: string;
}

/** Returns undefined for a principal with escaped characters: no account and no host has them. */
function parse(principal: string): KerberosName | undefined {
  const [, name, realm] = /^([^@\\]+)@([^@\\]+)$/.exec(principal) ?? [];
  return name === undefined || realm === undefined ? undefined : { name, realm };
}

/** Whether the text is a host-based service name: `HTTP` for any host, or `HTTP@host`. */
export const isServiceName = (text: string): boolean => /^[^@/\\\s]+(@[^@/\\\s]+)?$/.test(text);

/** Whether a principal `HTTP/host@REALM` belongs to the service `HTTP` or `HTTP@host`. */
export function isService(principal: string, service: string): boolean {
  const [type, host, ...more] = parse(principal)?.name.split('/') ?? [];
  const [wantedType, wantedHost] = service.split('@');
  const isHost = wantedHost === undefined ? host !== undefined : host === wantedHost;
  return type === wantedType && isHost && more.length === 0;
}

/**
 * Maps a client's principal to a local account by the default rule: the name without the realm, if the name has a
 * single component and the realm is the server's own. Returns null for every other principal.
 */
export function localAccount(client: string, server: string): string | null {
  const user = parse(client);
  const own = parse(server);
  if (!user || user.realm !== own?.realm || user.name.includes('/')) return null;
  return user.name;
}

/** A client's security context in the package `kerberos`. Messages are base64. */
export interface KerberosServer {
  /** Calls gss_accept_sec_context on libuv's pool. */
  step(message: string): Promise<unknown>;
  /** The client's principal, once the client is authenticated. */
  readonly username: string | null;
  /** The principal whose key decrypted the ticket. Present only if the server was made without a service name. */
  readonly targetName: string | null;
  /** The reply to the client. */
  readonly response: string | null;
  /** True after every message that was no error, whether or not the context is established. */
  readonly contextComplete: boolean;
}

interface KerberosPackage {
  /** With an empty service name, every key of the keytab may decrypt the client's ticket. */
  initializeServer(service: string): Promise<KerberosServer>;
}

function load(): KerberosPackage {
  try {
    // Loaded on demand: it is an optional peer dependency.
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

/** Returns the package `kerberos`, which is loaded at the first call. Call it as the process. */
export function kerberos(): KerberosPackage {
  return (loaded ??= load());
}
