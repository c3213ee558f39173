import { wineWith } from '../rig/wine.mjs';

// The directory's programs, ntlm_auth, which Wine asks about NTLM, and what a Kerberos client and a shell need.
const packages = [
  ...['samba', 'samba-ad-dc', 'samba-ad-provision', 'winbind', 'krb5-user', 'libgssapi-krb5-2', 'curl'],
  ...['bash', 'coreutils', 'dash', 'iproute2', 'mount', 'util-linux'],
];

/**
 * Samba and Wine of one Debian release in one tree: what they ask each other on pipes has no version that others speak.
 * Nothing is installed on the machine, and none of its services is started.
 */
export const sambaTree = () => wineWith('wine-10-samba', packages);
