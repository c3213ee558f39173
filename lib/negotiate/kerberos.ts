import { ImpersonationError } from '../internal/error';

/** A principal `name@REALM`, where the name has further components behind slashes. */
interface KerberosName {
  readonly name: string;
  readonly realm: string;
}

/** Undefined where a part has a character that Kerberos had to escape: no account and no host has one. */
function parse(principal: string): KerberosName | undefined {
  const [, name, realm] = /^([^@\\]+)@([^@\\]+)$/.exec(principal) ?? [];
  return name === undefined || realm === undefined ? undefined : { name, realm };
}

/** Whether that is how a server calls itself: `HTTP` on any host, or `HTTP@host`. */
export const isServiceName = (text: string): boolean => /^[^@/\\\s]+(@[^@/\\\s]+)?$/.test(text);

/** Whether a principal `HTTP/host@REALM` is that service. */
export function isService(principal: string, service: string): boolean {
  const [type, host, ...more] = parse(principal)?.name.split('/') ?? [];
  const [wantedType, wantedHost] = service.split('@');
  const isHost = wantedHost === undefined ? host !== undefined : host === wantedHost;
  return type === wantedType && isHost && more.length === 0;
}

/**
 * The account of this machine that a client has by its principal: the name before the realm, if it is a single
 * component and the realm is the server's own. Null for everyone else.
 */
export function localAccount(client: string, server: string): string | null {
  const user = parse(client);
  const own = parse(server);
  if (!user || user.realm !== own?.realm || user.name.includes('/')) return null;
  return user.name;
}

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
