import { wineWith } from '../rig/wine.mjs';

// The packages of the directory's programs, of ntlm_auth, which Wine uses for NTLM, of a Kerberos client and a shell;
// of the back ends (a database; the file server is the domain controller's own) and their clients; and of a browser.
const packages = [
  ...['samba', 'samba-ad-dc', 'samba-ad-provision', 'winbind', 'krb5-user', 'libgssapi-krb5-2', 'curl'],
  ...['bash', 'coreutils', 'dash', 'faketime', 'iproute2', 'mount', 'util-linux'],
  ...['postgresql-17', 'postgresql-client-17', 'smbclient', 'chromium', 'fonts-inter'],
];

/**
 * Returns a tree with Samba and Wine of the same Debian release, because the protocol between them differs by release.
 * Nothing is installed on the machine, and none of its services is started.
 */
export const sambaTree = () => wineWith('wine-10-domain', packages);
