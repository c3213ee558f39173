import { wineWith } from '../rig/wine.mjs';

// The packages of the directory's programs, of ntlm_auth, which Wine uses for NTLM, and of a Kerberos client and a
// shell.
const packages = [
  ...['samba', 'samba-ad-dc', 'samba-ad-provision', 'winbind', 'krb5-user', 'libgssapi-krb5-2', 'curl'],
  ...['bash', 'coreutils', 'dash', 'iproute2', 'mount', 'util-linux'],
];

/**
 * Returns a tree with Samba and Wine of the same Debian release, because the protocol between them differs by release.
 * Nothing is installed on the machine, and none of its services is started.
 */
export const sambaTree = () => wineWith('wine-10-samba', packages);
