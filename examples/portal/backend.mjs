// PORT=8081 node examples/portal/backend.mjs
// The portal's back end: another service, on another machine in real life. It authenticates its callers itself and
// never trusts the portal's word.
import { createServer } from 'node:http';
import process from 'node:process';
import { lookupAccount, NegotiateServer, Token } from 'impersonate';
import { authenticate } from 'impersonate/http';

const { KEYTAB: keytab, PORT: port = '80' } = process.env;
const nameOf = async (principal) => (await lookupAccount(principal))?.name ?? principal.id;

async function handle(_request, response) {
  const { user, groups } = Token.current();
  const answer = { user: await nameOf(user), groups: await Promise.all(groups.map(nameOf)) };
  response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(answer));
}

const listener = authenticate(new NegotiateServer(keytab && { keytab }), handle, {
  onError: (error) => console.error(`${error.code} ${error.message}`),
});
createServer({ maxHeaderSize: 65_536 }, listener).listen(Number(port), () =>
  console.log(`The back end listens on port ${port}.`),
);
