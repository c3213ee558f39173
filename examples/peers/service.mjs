// node examples/peers/service.mjs ADDRESS FOLDER
// A helper that runs as root or LocalSystem and serves the desktop programs of all users of this computer. It reads and
// writes files as the user whose process sent the request, so that each file's own permissions apply.
import path from 'node:path';
import process from 'node:process';
import { createPeerServer } from 'impersonate';
import { readFile, writeFile } from 'impersonate/fs';

const [address, folder] = process.argv.slice(2);
const maxLength = 65_536;
// Every user may connect. To admit fewer, name a group: `group` on Linux, a SID in `allow` on Windows.
const access = process.platform === 'win32' ? { allow: ['interactive'] } : { mode: 0o666 };

/** Returns the path of a file of the folder. A client sends a name, never a path. */
function fileOf(name) {
  if (typeof name !== 'string' || !/^\w+$/.test(name)) throw Object.assign(new Error(), { code: 'BAD_NAME' });
  return path.join(folder, name);
}

const commands = new Map([
  ['whoami', (token) => token.user.id],
  ['read', (token, { name }) => token.run(() => readFile(fileOf(name), 'utf8'))],
  ['write', (token, { name, text }) => token.run(() => writeFile(fileOf(name), String(text)))],
]);

async function respond(token, line) {
  try {
    const request = JSON.parse(line);
    const command = commands.get(request.command);
    if (!command) return { error: 'BAD_COMMAND' };
    return { result: await command(token, request) };
  } catch (error) {
    // Only the code: a message may have details of the service.
    return { error: error.code ?? 'BAD_REQUEST' };
  }
}

async function* linesOf(socket) {
  let rest = '';
  for await (const part of socket.setEncoding('utf8')) {
    const lines = (rest + part).split('\n');
    rest = lines.pop();
    if (rest.length > maxLength) throw new Error('The request is too long');
    yield* lines;
  }
}

const server = createPeerServer({ ...access, maxConnections: 100 }, async (socket, token) => {
  try {
    for await (const line of linesOf(socket)) socket.write(`${JSON.stringify(await respond(token, line))}\n`);
    socket.end();
  } catch {
    socket.destroy();
  }
});
await server.listen(address);
process.once('SIGTERM', () => server.close());
console.log('listening');
