// FOLDER=/srv/portal BACKEND=http://backend.example node examples/portal/portal.mjs
// A file portal. The browser authenticates its user by Kerberos; the portal lists, reads and writes files as that user,
// and calls the back end as that user. It has no access rules of its own: the file system's and the back end's apply.
import { createServer } from 'node:http';
import path from 'node:path';
import process from 'node:process';
import { pipeline } from 'node:stream/promises';
import { lookupAccount, NegotiateClient, NegotiateServer, Token } from 'impersonate';
import { lstat, open, readdir, rm } from 'impersonate/fs';
import { authenticate, createNegotiateFetch } from 'impersonate/http';
import { isFromOwnPage, sendError, sendJson, sendPage, setPolicies } from './responses.mjs';

const { FOLDER: folder, BACKEND: backend, KEYTAB: keytab, PORT: port = '80' } = process.env;
const illegal = process.platform === 'win32' ? /[\\/:\0]/ : /[/\0]/;

// On Linux the service's key is a file. Windows has the key of the process's account, and delegates as the directory permits.
const server = new NegotiateServer(keytab && { keytab, constrainedDelegation: true });
const callBackend = createNegotiateFetch({
  client: new NegotiateClient(),
  origins: [new URL(backend).origin],
});

/** Returns the path of a file of the folder. The names are the decoded parts of a URL. */
function fileOf(names) {
  if (names.some((name) => name === '' || name === '.' || name === '..' || illegal.test(name))) {
    throw Object.assign(new Error('A name is not the name of a file'), { code: 'ERR_NAME' });
  }
  return path.join(folder, ...names);
}

const nameOf = async (principal) => (await lookupAccount(principal))?.name ?? principal.id;

async function entryOf(parent, name) {
  const status = await lstat(path.join(parent, name));
  const owner = process.platform === 'win32' ? '' : await nameOf({ kind: 'user', id: String(status.uid) });
  return { name, folder: status.isDirectory(), size: status.size, changed: status.mtime, owner };
}

async function list(names, _request, response) {
  const parent = fileOf(names);
  const found = await readdir(parent);
  sendJson(response, 200, await Promise.all(found.sort().map((name) => entryOf(parent, name))));
}

async function download(names, _request, response) {
  const name = fileOf(names);
  const file = await open(name);
  const content = file.createReadStream(); // it closes the file
  response.setHeader('Content-Type', 'application/octet-stream');
  response.setHeader(
    'Content-Disposition',
    `attachment; filename*=UTF-8''${encodeURIComponent(names.at(-1))}`,
  );
  await pipeline(content, response);
}

/** Writes a new file while its content arrives. It never replaces a file. */
async function upload(names, request, response) {
  const name = fileOf(names);
  const file = await open(name, 'wx', 0o600);
  try {
    await pipeline(request, file.createWriteStream());
  } catch (error) {
    await rm(name, { force: true }); // the client has gone, or the disk is full
    throw error;
  }
  sendJson(response, 201, await entryOf(path.dirname(name), path.basename(name)));
}

async function whoAmI(_names, _request, response) {
  const token = Token.current();
  sendJson(response, 200, { user: await nameOf(token.user), delegation: token.delegation });
}

async function askBackend(_names, _request, response) {
  try {
    const answer = await callBackend(backend);
    if (!answer.ok) throw Object.assign(new Error(), { code: `HTTP ${answer.status}` });
    sendJson(response, 200, await answer.json());
  } catch (error) {
    report(error);
    sendJson(response, 502, { code: error.code ?? 'ERR_BACKEND' });
  }
}

const routes = new Map([
  ['GET user', whoAmI],
  ['GET backend', askBackend],
  ['GET folder', list],
  ['GET file', download],
  ['PUT file', upload],
]);

/** Handles a request as its user. */
async function handle(request, response) {
  setPolicies(response);
  const { pathname } = new URL(request.url, 'http://portal');
  const [first, kind, ...names] = pathname.slice(1).split('/');
  try {
    if (first !== 'api') {
      sendPage(request, response, pathname);
      return;
    }
    const route = routes.get(`${request.method} ${kind}`);
    if (!route) sendJson(response, 404, { code: 'ERR_URL' });
    else if (!isFromOwnPage(request)) sendJson(response, 403, { code: 'ERR_ORIGIN' });
    else await route(names.map(decodeURIComponent), request, response);
  } catch (error) {
    report(error);
    sendError(response, error);
  }
}

function report(error) {
  console.error(`${error.code ?? ''} ${error.message}`);
}

createServer({ maxHeaderSize: 65_536 }, authenticate(server, handle, { onError: report })).listen(
  Number(port),
  () => console.log(`The portal listens on port ${port}.`),
);
