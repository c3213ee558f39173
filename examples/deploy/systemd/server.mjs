// node server.mjs SOCKET FOLDER
// Gives each user of this computer the files of FOLDER that the user may read, and no others. The kernel tells whose
// process is at the other end of the socket: curl --unix-socket SOCKET http://portal/NAME
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';
import process from 'node:process';
import { createPeerServer, dropPrivileges, lookupAccount } from 'impersonate';
import { actAs } from 'impersonate/http';

const [address, folder] = process.argv.slice(2);
// Gives up everything but the right to switch users, for good.
console.log('kept:', dropPrivileges({ keep: ['scopes', 'peers'] }).join(' '));

const statuses = { EACCES: 403, ENOENT: 404 };

/** Handles a request as its user. */
async function handle(request, response) {
  const [, name] = /^\/(\w[\w.]*)?$/.exec(request.url) ?? [];
  if (!name) {
    const account = await lookupAccount(request.token.user);
    return response.end(`You are ${account?.name ?? request.token.user.id}\n`);
  }
  try {
    response.end(await readFile(path.join(folder, name)));
  } catch ({ code, message }) {
    if (!(code in statuses)) console.error(message);
    response.writeHead(statuses[code] ?? 500).end(`${code}\n`);
  }
}

const tokens = new WeakMap();
const onError = ({ code, message }) => console.error(code, message);
const server = http.createServer(actAs((request) => tokens.get(request.socket), { onError }).node(handle));
// Every user may connect. The token is closed with the socket.
const peers = createPeerServer({ mode: 0o666 }, (socket, token) => {
  tokens.set(socket, token);
  server.emit('connection', socket);
});
await peers.listen(address);
console.log(`listening at ${address}`);
