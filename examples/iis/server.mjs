// Gives each user whom IIS has authenticated the files of ./files that the user may read, and no others. IIS starts it:
// see web.config. With the argument --unpaired it is for HttpPlatformHandler, see http-platform.config.
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { dropPrivileges, lookupAccount } from 'impersonate';
import { actAs, iisAuthentication } from 'impersonate/http';

const isUnpaired = process.argv.includes('--unpaired');
const port = isUnpaired ? process.env.HTTP_PLATFORM_PORT : process.env.ASPNETCORE_PORT;
const folder = fileURLToPath(new URL('files', import.meta.url));
console.log('kept:', dropPrivileges({ keep: ['iis'] }).join(' '));

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

const user = iisAuthentication(isUnpaired ? { pairingToken: false } : {});
const onError = ({ code, message }) => console.error(code, message);
const server = http.createServer({ maxHeaderSize: 65_536 }, actAs(user, { onError }).node(handle));
// IIS connects over loopback. Nobody else may reach this port.
server.listen(Number(port), '127.0.0.1', () => console.log(`listening on ${server.address().port}`));
