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
