import { execFileSync, spawn } from 'node:child_process';
import { appendFileSync, copyFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { writeSource } from '../children/child';
import { tempFolder } from '../folders';

/** For ChildOptions.through: with these lines added to a file of /etc, in a mount namespace of its own. */
export function withLines(
  file: '/etc/passwd' | '/etc/group' | '/etc/security/group.conf',
  lines: readonly string[],
): string[] {
  const copy = join(tempFolder('etc'), basename(file));
  copyFileSync(file, copy);
  appendFileSync(copy, lines.map((line) => `${line}\n`).join(''));
  const mount = `mount --bind "$0" ${file} && exec "$@"`;
  return ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', mount, copy];
}

const namespaceOf = (pid: string): string =>
  execFileSync('readlink', [`/proc/${pid}/ns/user`], { encoding: 'utf8' });

/** Waits until the process is in its own user namespace, where it waits for its ids. */
async function entered(pid: string): Promise<void> {
  while (namespaceOf(pid) === namespaceOf('self')) await new Promise((resolve) => setTimeout(resolve, 5));
}

/**
 * Runs the source as root of a user namespace that maps these ids, in the form of /proc/self/uid_map; `through` as in
 * ChildOptions. Resolves to its output.
 */
export async function outputInUserNamespace(
  source: string,
  {
    uids,
    gids = '0 0 4294967295',
    setgroups = 'allow',
    through = [],
  }: { uids: string; gids?: string; setgroups?: 'allow' | 'deny'; through?: readonly string[] },
): Promise<string> {
  const command = [...through, process.execPath, writeSource('main', source)];
  const child = spawn('unshare', ['--user', 'sh', '-c', 'read ready; exec "$@"', 'sh', ...command], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  const folder = `/proc/${String(child.pid)}`;
  await entered(String(child.pid));
  writeFileSync(`${folder}/setgroups`, setgroups);
  writeFileSync(`${folder}/uid_map`, uids);
  writeFileSync(`${folder}/gid_map`, gids);
  child.stdin.end('ready\n');
  let text = '';
  for await (const part of child.stdout.setEncoding('utf8')) text += String(part);
  return text.trim();
}

/** A user without an account or a group, for a service that is none of the tests' users. */
export const serviceIds = { uid: 4300, gid: 4300 } as const;

/** CAP_SETGID and CAP_SETUID, as the bits of a set of capabilities. */
export const mayChangeIds = (1 << 6) | (1 << 7);

/**
 * For ChildOptions.through: starts Node with these ids and capabilities, like a service manager starts a
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
