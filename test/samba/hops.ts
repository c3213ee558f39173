import { spawn, type ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../support/paths';
import { curl } from './clients';
import { portOf } from './service';

/** The portals of scripts/samba/delegation.sh: the host's name, which is that of the account without `portal-`. */
export type Portal = 'classic' | 'resource' | 'transition' | 'resource-transition' | 'plain' | 'open';

/** What a portal has come to as its user: at the next service, or the reason why not. */
export interface Hop {
  readonly user: string;
  readonly delegation: string;
  readonly result?: unknown;
  readonly error?: { readonly code: string; readonly syscall: string; readonly message: string };
}

const realm = 'impersonate.test';
export const hostOf = (name: string): string => `${name}.${realm}`;
const portalPort = 8080;
export const backEndUrl = `http://${hostOf('backend')}:8081/`;
/** The running programs, and when they have ended. */
const running = new Map<ChildProcess, Promise<unknown>>();

/** Starts a program of Node, which prints its port first. */
export async function startProgram(file: string, env: NodeJS.ProcessEnv): Promise<void> {
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', process.execPath, join(root, file)], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.set(child, new Promise((resolve) => child.once('close', resolve)));
  await portOf(child);
}

/** Ends all programs and waits until their ports are free. */
export async function endPrograms(): Promise<void> {
  for (const child of running.keys()) child.kill('SIGKILL');
  await Promise.all(running.values());
  running.clear();
}

export const startPortal = (name: Portal, env: NodeJS.ProcessEnv = {}): Promise<void> =>
  startProgram('dist-test/samba/portal.js', {
    KEYTAB: `/run/keytabs/portal-${name}`,
    PORT: String(portalPort),
    ...env,
  });

/** Starts the back end of the example. */
export const startBackEnd = (env: NodeJS.ProcessEnv = {}): Promise<void> =>
  startProgram('examples/portal/backend.mjs', { KEYTAB: '/run/keytabs/backend', PORT: '8081', ...env });

/** The environment of a program whose clock differs from this machine's. It can change the file. */
export function clockOf(difference: string): NodeJS.ProcessEnv {
  const file = '/run/clock';
  writeFileSync(file, difference);
  return {
    LD_PRELOAD: '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1',
    DONT_FAKE_MONOTONIC: '1',
    FAKETIME_NO_CACHE: '1',
    FAKETIME_TIMESTAMP_FILE: file,
  };
}

/** Requests a hop with curl, as the user whose tickets are in the cache of that name. */
export async function request(
  portal: Portal,
  user: string,
  path: readonly string[],
  ...options: readonly string[]
): Promise<Hop | string> {
  const url = `http://${hostOf(portal)}:${String(portalPort)}/${path.map(encodeURIComponent).join('/')}`;
  const output = await curl(url, user, '--negotiate', '--user', ':', ...options);
  const [, body = '', status = ''] = /^(.*)\n(\d+)$/s.exec(output) ?? [];
  return status === '200' ? (JSON.parse(body) as Hop) : status;
}
