// file-server.js FOLDER: a server of two users' files whose only use of impersonation is `token.run`: serve-static under
// node:http. Prints its port; for a line on standard input it prints its memory and handles; it ends with the input.
import { once } from 'node:events';
import nodeFs from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import readline from 'node:readline';
import serveStatic from 'serve-static';
import type { Token } from 'impersonate';
import { world } from '../../support/world/world';

const folder = process.argv[2] ?? '';
const users = [world.alice, world.bob];

for (const who of users) {
  const home = path.join(folder, who.key);
  nodeFs.mkdirSync(home);
  for (const [name, size] of [
    ['small', 100],
    ['large', 20_000],
  ] as const) {
    nodeFs.writeFileSync(path.join(home, name), `${who.key} `.repeat(size));
    world.own(path.join(home, name), who);
  }
  world.own(home, who);
}

async function main(): Promise<void> {
  const tokens = new Map<string, Token>();
  for (const who of users) tokens.set(who.key, await who.token());
  const serve = serveStatic(folder, { index: false });
  const server = http.createServer((request, response) => {
    const end = (status: number): void => {
      if (response.headersSent) {
        response.destroy();
        return;
      }
      response.writeHead(status).end();
    };
    const token = tokens.get(String(request.headers['x-user']));
    if (!token) {
      end(401);
      return;
    }
    token.run(() => {
      serve(request, response, (error?: unknown) => {
        const code = (error as NodeJS.ErrnoException | undefined)?.code ?? '';
        end(error === undefined ? 404 : ['EACCES', 'EPERM'].includes(code) ? 403 : 500);
      });
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  console.log((server.address() as AddressInfo).port);
  const questions = readline.createInterface({ input: process.stdin });
  questions.on('line', () => {
    (globalThis as { gc?: () => void }).gc?.();
    console.log(
      JSON.stringify({
        handles: world.handleCount(),
        heap: process.memoryUsage().heapUsed,
        user: world.whoAmI(),
      }),
    );
  });
  await once(questions, 'close');
  server.closeAllConnections();
  server.close();
}

void main();
