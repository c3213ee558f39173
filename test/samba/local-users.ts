import { readFileSync } from 'node:fs';

/** Returns the numbers of a local user. */
export function localUser(name: string): { uid: number; gid: number } {
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n');
  const [, , uid, gid] = lines.map((line) => line.split(':')).find(([user]) => user === name) ?? [];
  return { uid: Number(uid), gid: Number(gid) };
}
