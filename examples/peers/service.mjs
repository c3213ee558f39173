// node examples/peers/service.mjs ADDRESS FOLDER
// A helper that runs as root or LocalSystem, for the desktop programs of whoever uses this computer. It could read and
// write everything: it does so as the user whose process has asked, so that each file's own rules decide.
import path from 'node:path';
import process from 'node:process';
import { createPeerServer } from 'impersonate';
import { readFile, writeFile } from 'impersonate/fs';

const [address, folder] = process.argv.slice(2);
const longest = 65_536;
// Every user may ask. To ask for less, name a group: `group` here, a SID in `allow` on Windows.
const everybody = process.platform === 'win32' ? { allow: ['interactive'] } : { mode: 0o666 };

/** A file of the folder and of no other: what a client sends is never a path. */
function fileOf(name) {
  if (typeof name !== 'string' || !/^\w+$/.test(name)) throw Object.assign(new Error(), { code: 'BAD_NAME' });
  return path.join(folder, name);
}

const commands = new Map([
  ['whoami', (token) => token.user.id],
  ['read', (token, { name }) => token.run(() => readFile(fileOf(name), 'utf8'))],
  ['write', (token, { name, text }) => token.run(() => writeFile(fileOf(name), String(text)))],
]);

async function answer(token, line) {
  try {
    const request = JSON.parse(line);
    const command = commands.get(request.command);
    if (!command) return { error: 'BAD_COMMAND' };
    return { result: await command(token, request) };
  } catch (error) {
    // The code alone: a message may tell of the service.
    return { error: error.code ?? 'BAD_REQUEST' };
  }
}

async function* linesOf(socket) {
  let rest = '';
  for await (const part of socket.setEncoding('utf8')) {
    const lines = (rest + part).split('\n');
    rest = lines.pop();
    if (rest.length > longest) throw new Error('This is no request');
    yield* lines;
  }
}

const server = createPeerServer({ ...everybody, maxConnections: 100 }, async (socket, token) => {
  try {
    for await (const line of linesOf(socket)) socket.write(`${JSON.stringify(await answer(token, line))}\n`);
    socket.end();
  } catch {
    socket.destroy();
  }
});
await server.listen(address);
process.once('SIGTERM', () => server.close());
console.log('listening');
