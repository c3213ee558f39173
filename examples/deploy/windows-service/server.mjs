// node server.mjs PORT FOLDER
// Gives each user of Windows the files of FOLDER that the user may read, and no others. Clients authenticate by
// Kerberos or NTLM: curl.exe --negotiate -u : http://localhost:PORT/NAME
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';
import process from 'node:process';
import { dropPrivileges, lookupAccount, NegotiateServer } from 'impersonate';
import { authenticate } from 'impersonate/http';

const [port, folder] = process.argv.slice(2);
// Gives up everything but the right to act as its clients, for good.
console.log('kept:', dropPrivileges({ keep: ['scopes', 'negotiate-accept'] }).join(' '));

const statuses = { EACCES: 403, EPERM: 403, ENOENT: 404 };

/** Handles a request as its user. */
async function handle(request, response) {
  const [, name] = /^\/(\w[\w.]*)?$/.exec(request.url) ?? [];
  if (!name) {
    const account = await lookupAccount(request.token.user);
    return response.end(
      `You are ${account ? `${account.domain}\\${account.name}` : request.token.user.id}\n`,
    );
  }
  try {
    response.end(await readFile(path.join(folder, name)));
  } catch ({ code }) {
    response.writeHead(statuses[code] ?? 500).end(`${code}\n`);
  }
}

const onError = ({ code, message }) => console.error(code, message);
// Tickets of users in many groups are long.
const server = http.createServer(
  { maxHeaderSize: 65_536 },
  authenticate(new NegotiateServer(), handle, { onError }),
);
// Only this computer reaches it. To serve others, use https.createServer() with a certificate.
server.listen(Number(port), 'localhost', () => console.log(`listening on ${server.address().port}`));
