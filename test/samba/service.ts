import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { root } from '../support/paths';

/** The outcome of a handshake message: the reply in base64, the user by the kernel, or the error. */
export interface Outcome {
  readonly reply?: string;
  readonly user?: string;
  readonly code?: string;
  readonly syscall?: string;
  readonly closed: boolean;
}

/** The number of SSPI calls of the addon (0 on Linux), and of open resources. */
export interface Calls {
  readonly accept: number;
  readonly query: number;
  readonly delete: number;
  readonly handshakes: number;
  readonly tokens: number;
}

/** A running server.ts, which returns its Calls after a garbage collection. */
export interface Service {
  readonly url: string;
  /** The next handshake message of the handshake `id`. */
  step(name: string, id: string, message: Buffer): Promise<Outcome>;
  calls(): Promise<Calls>;
  /** The same, once nothing is open, or after some time. */
  rest(): Promise<Calls>;
  /** The error of the last rejected request. */
  error(): Promise<Pick<Outcome, 'code' | 'syscall'>>;
  /** Windows: whether the test authority returns a token for a context that the system has established. */
  giveTokens(on: boolean): Promise<void>;
  stop(): void;
}

const program = join(root, 'dist-test', 'samba', 'server.js');
const windows = [
  join(root, 'scripts', 'samba', 'windows-server.mjs'),
  process.env.IMPERSONATE_TEST_MAJOR ?? '',
];

/** The port that a server prints first. */
export function portOf(child: ReturnType<typeof spawn>): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = '';
    const take = (text: string): void => {
      output += text;
      const port = /\bport (\d+)\./.exec(output)?.[1];
      if (port !== undefined) resolve(port);
    };
    for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', take);
    child.once('error', reject).once('exit', () => reject(new Error(`the server has ended: ${output}`)));
  });
}

/** Starts the server: with this Node, or with that of Windows under Wine. */
export async function startService(port: 'linux' | 'win32', env: NodeJS.ProcessEnv = {}): Promise<Service> {
  const args = port === 'win32' ? [...windows, program] : [program];
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', process.execPath, ...args], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const url = `http://localhost:${await portOf(child)}`;
  const request = async (path: string, body?: Buffer): Promise<unknown> => {
    const response = await fetch(`${url}/${path}`, {
      method: 'POST',
      ...(body && { body: new Uint8Array(body) }),
    });
    if (!response.ok) throw new Error(await response.text());
    return response.json();
  };
  const calls = () => request('calls') as Promise<Calls>;
  return {
    url,
    step: (name, id, message) => request(`step/${name}/${id}`, message) as Promise<Outcome>,
    calls,
    async rest() {
      for (let round = 0; round < 100; round++) {
        const now = await calls();
        if (now.handshakes === 0 && now.tokens === 0) return now;
        await setTimeout(50);
      }
      return calls();
    },
    error: () => request('error') as ReturnType<Service['error']>,
    giveTokens: async (on) => {
      await request(`tokens/${on ? 'on' : 'off'}`);
    },
    stop: () => child.kill('SIGKILL'),
  };
}
