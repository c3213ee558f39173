// node server.mjs PORT KEY FOLDER
// Gives each user the files of FOLDER that the user may read, and no others. A container has no accounts: who the user
// is comes from a token (JWT) of the identity provider whose public key (Ed25519) is the file KEY.
import { createPublicKey, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';
import process from 'node:process';
import { dropPrivileges, Token } from 'impersonate';
import { actAs } from 'impersonate/http';

const [port, keyFile, folder] = process.argv.slice(2);
const key = createPublicKey(readFileSync(keyFile));
console.log('kept:', dropPrivileges({ keep: ['scopes'] }).join(' '));

/** The ids that users have. Root, the service and system accounts are not among them, whatever a token says. */
const isUser = (id) => Number.isInteger(id) && id >= 10_000 && id < 60_000;

/** Returns the token of the user whom the identity provider has named; null if there is none. */
function userOf({ headers: { authorization = '' } }) {
  const [, content, signature] = /^Bearer ([\w-]+\.[\w-]+)\.([\w-]+)$/.exec(authorization) ?? [];
  // The key decides the algorithm, not the token.
  if (!content || !verify(null, content, key, Buffer.from(signature, 'base64url'))) return null;
  const { uid, gid, groups = [], exp } = JSON.parse(Buffer.from(content.split('.')[1], 'base64url'));
  if (!(exp > Date.now() / 1000) || ![uid, gid, ...groups].every(isUser)) return null;
  return Token.forIds({ uid, gid, groups });
}

const statuses = { EACCES: 403, ENOENT: 404 };

/** Handles a request as its user. */
async function handle(request, response) {
  const { token } = request;
  response.once('close', () => token.close());
  const [, name] = /^\/(\w[\w.]*)?$/.exec(request.url) ?? [];
  if (!name) return response.end(`You are ${token.user.id}\n`);
  try {
    response.end(await readFile(path.join(folder, name)));
  } catch ({ code, message }) {
    if (!(code in statuses)) console.error(message);
    response.writeHead(statuses[code] ?? 500).end(`${code}\n`);
  }
}

const onError = ({ code, message }) => console.error(code, message);
const server = http.createServer(actAs(userOf, { onError }).node(handle));
server.listen(Number(port), () => console.log(`listening on ${server.address().port}`));
