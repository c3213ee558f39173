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
