const capabilities = '+setuid,+setgid';

/** The command that starts node as a service account which is not root and has the capabilities to change ids. */
export const asService = [
  ...['setpriv', '--reuid=4300', '--regid=4300', '--clear-groups'],
  ...[`--inh-caps=${capabilities}`, `--ambient-caps=${capabilities}`],
];
