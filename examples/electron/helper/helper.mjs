// node helper.mjs ADDRESS STORE
// The helper: a service of LocalSystem or root. It imports files of its users into STORE, a folder that all may read and
// none of them may write. It reads a file as the user who sent the request: the helper may read every file, and a
// request must not be able to borrow that right.
import { constants } from 'node:fs';
import { open, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { createPeerServer, lookupAccount } from 'impersonate';

const [address, store] = process.argv.slice(2);
const maxRequest = 65_536;
const maxFile = 1_048_576;
const failure = (code) => Object.assign(new Error(code), { code });

/** Reads a file as the user of the flow: a regular file of limited size. */
async function readOf(file) {
  if (typeof file !== 'string' || !path.isAbsolute(file)) throw failure('BAD_PATH');
  // Opening a FIFO must not wait for its other end.
  const handle = await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const stats = await handle.stat();
    if (!stats.isFile() || stats.size > maxFile) throw failure('BAD_FILE');
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(stats.size), 0, stats.size, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

const commands = {
  whoami: async (token) => (await lookupAccount(token.user))?.name ?? token.user.id,
  list: () => readdir(store),
  async import(token, { path: file }) {
    const content = await token.run(() => readOf(file));
    // Outside of the flow: as the helper. The user's id is in the name, so that no user replaces another's file.
    const name = `${token.user.id}-${path.basename(file).replace(/[^\w.-]/g, '_')}`;
    await writeFile(path.join(store, name), content);
    return name;
  },
};

async function respond(token, line) {
  try {
    const request = JSON.parse(line);
    if (!Object.hasOwn(commands, request.command)) throw failure('BAD_COMMAND');
    return { result: await commands[request.command](token, request) };
  } catch ({ code }) {
    // Only the code: a message may have details of the helper.
    return { error: code ?? 'BAD_REQUEST' };
  }
}

/** Resolves to the request: one line of limited length. */
async function lineOf(socket) {
  let text = '';
  for await (const part of socket.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
    text += part;
    if (text.includes('\n')) return text;
    if (text.length > maxRequest) break;
  }
  throw failure('BAD_REQUEST');
}

// Every user who is logged on at this computer may connect.
const access = process.platform === 'win32' ? { allow: ['interactive'] } : { mode: 0o666 };
const server = createPeerServer({ ...access, maxConnections: 100 }, async (socket, token) => {
  // A client that connects and is silent holds one of the connections for this long at most.
  socket.setTimeout(10_000, () => socket.destroy());
  try {
    socket.end(`${JSON.stringify(await respond(token, await lineOf(socket)))}\n`);
  } catch {
    socket.destroy();
  }
});
await server.listen(address);
process.once('SIGTERM', () => server.close());
console.log('listening');
