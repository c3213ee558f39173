import { spawn } from 'node:child_process';
import http from 'node:http';
import { join } from 'node:path';
import readline from 'node:readline';
import { pathToFileURL } from 'node:url';
import { tempFolder } from '../support/folders';
import { root } from '../support/paths';
import { describeSwitching } from '../support/world/acting';
import { world } from '../support/world/world';

/** The duration; IMPERSONATE_LOAD_SECONDS=30 for a longer run. */
const seconds = Number(process.env.IMPERSONATE_LOAD_SECONDS ?? 10);
const connections = 100;
const program = join(__dirname, 'programs', 'file-server.js');
const register = pathToFileURL(join(root, 'dist', 'register.mjs')).href;

interface Held {
  readonly handles: number;
  readonly heap: number;
  readonly user: string;
}

function startServer() {
  const args = ['--expose-gc', '--import', register, program, tempFolder('server')];
  const server = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = readline.createInterface({ input: server.stdout })[Symbol.asyncIterator]();
  const line = async (): Promise<string> => String((await lines.next()).value);
  return {
    port: line().then(Number),
    held: async (): Promise<Held> => {
      server.stdin.write('\n');
      return JSON.parse(await line()) as Held;
    },
    end: () =>
      new Promise<number | null>((resolve) => {
        server.once('exit', resolve);
        server.stdin.end();
      }),
  };
}

interface Answer {
  readonly status: number | undefined;
  readonly body: string;
}

function get(options: http.RequestOptions): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = http.get(options, (response) => {
      let body = '';
      response.setEncoding('latin1').on('data', (part: string) => (body += part));
      response.once('end', () => {
        resolve({ status: response.statusCode, body });
      });
      response.once('error', reject);
    });
    request.once('error', reject);
  });
}

describeSwitching('a file server without impersonation code, under impersonate/register', () => {
  test(
    `serves two users on ${String(connections)} connections for ${String(seconds)} s, each as that user`,
    async () => {
      const server = startServer();
      const port = await server.port;
      const agent = new http.Agent({ keepAlive: true, maxSockets: connections });
      const wrong: string[] = [];
      let [own, refused] = [0, 0];
      const download = async (round: number): Promise<void> => {
        const user = round % 2 === 0 ? 'alice' : 'bob';
        const owner = round % 5 === 0 ? (user === 'alice' ? 'bob' : 'alice') : user;
        const name = round % 7 === 0 ? 'large' : 'small';
        const path = `/${owner}/${name}`;
        const reply = await get({ port, host: '127.0.0.1', path, agent, headers: { 'x-user': user } });
        const right =
          owner === user
            ? reply.status === 200 && reply.body === `${owner} `.repeat(name === 'large' ? 20_000 : 100)
            : reply.status === 403 && reply.body === '';
        if (!right)
          wrong.push(`${user} requested ${path}: ${String(reply.status)} ${reply.body.slice(0, 40)}`);
        else if (owner === user) own++;
        else refused++;
      };
      const load = async (duration: number): Promise<void> => {
        const end = Date.now() + duration * 1000;
        await Promise.all(
          Array.from({ length: connections }, async (_, index) => {
            for (let round = index; Date.now() < end && wrong.length === 0; round++) await download(round);
          }),
        );
      };
      await load(seconds / 5);
      const before = await server.held();
      await load((seconds * 4) / 5);
      const after = await server.held();
      agent.destroy();
      expect(wrong).toEqual([]);
      expect(own).toBeGreaterThan(connections);
      expect(refused).toBeGreaterThan(connections / 5);
      expect(after.user).toBe(world.serviceId);
      expect(after.handles - before.handles).toBeLessThanOrEqual(8);
      expect(after.heap / before.heap).toBeLessThan(1.5);
      expect(await server.end()).toBe(0);
    },
    (seconds + 180) * 1000,
  );
});
