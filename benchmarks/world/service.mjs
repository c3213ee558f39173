const capabilities = '+setuid,+setgid';

/** The command by which somebody who owns nothing starts with the right to change ids: a service that is not root. */
export const asService = [
  ...['setpriv', '--reuid=4300', '--regid=4300', '--clear-groups'],
  ...[`--inh-caps=${capabilities}`, `--ambient-caps=${capabilities}`],
];
