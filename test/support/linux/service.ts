/** A user of no name and in no group, for a service that is nobody of the tests' users. */
export const serviceIds = { uid: 4300, gid: 4300 } as const;

/** CAP_SETGID and CAP_SETUID, as the bits of a set of capabilities. */
export const mayChangeIds = (1 << 6) | (1 << 7);

/**
 * For ChildOptions.through: starts node as these ids with these capabilities, as a service manager does it for a
 * service that is not root.
 */
export function asService(
  capabilities: readonly string[],
  { uid, gid }: { readonly uid: number; readonly gid: number } = serviceIds,
): string[] {
  const ids = [`--reuid=${String(uid)}`, `--regid=${String(gid)}`, '--clear-groups'];
  if (capabilities.length === 0) return ['setpriv', ...ids];
  const list = capabilities.map((name) => `+${name}`).join(',');
  return ['setpriv', ...ids, `--inh-caps=${list}`, `--ambient-caps=${list}`];
}
