import { writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { lookupAccount, NegotiateClient, NegotiateServer, Token, withoutToken } from 'impersonate';
import { authenticate, createNegotiateFetch } from 'impersonate/http';
import { gssStream } from 'impersonate/postgres';
import pg = require('pg');
import type { Hop } from './hops';

// node portal.js
// A service that goes on to others as its client: KEYTAB is its key, PORT where it listens, FAKETIME_TIMESTAMP_FILE the
// file that sets its clock; with DELEGATION=off it keeps no credentials of users. The path `/as/NAME/...` makes it the named user without a ticket (protocol transition), and
// `/error` returns why it has rejected a client.

const { KEYTAB: keytab = '', PORT: port, FAKETIME_TIMESTAMP_FILE: clock = '', DELEGATION } = process.env;
let lastError: unknown;
const delegates = DELEGATION !== 'off';
const server = new NegotiateServer({ keytab, constrainedDelegation: delegates });
const client = new NegotiateClient({
  keytab,
  ...(delegates && { transition: ({ user }) => `${user.name ?? ''}@IMPERSONATE.TEST` }),
});
const fetchAsUser = createNegotiateFetch({ client, origins: () => true });

/** Begins a handshake, which needs a ticket for the service. */
async function ticket(target: string): Promise<string> {
  using handshake = client.handshake({ target });
  const { message } = await handshake.step();
  return `${message ? 'a' : 'no'} message`;
}

/** Does the same after the portal's clock has been set: `+11h HTTP/backend`. */
async function ticketAt(argument: string): Promise<string> {
  const [difference = '', target = ''] = argument.split(' ');
  withoutToken(() => writeFileSync(clock, difference));
  return ticket(target);
}

async function query(user: string): Promise<unknown> {
  const database = new pg.Client({
    host: 'db.impersonate.test',
    database: 'postgres',
    user,
    stream: gssStream({ negotiator: client }),
  });
  await database.connect();
  try {
    return (await database.query<{ name: string }>('select current_user as name')).rows[0]?.name;
  } finally {
    await database.end();
  }
}

/** Returns what another service responds with. */
async function fetched(url: string): Promise<unknown> {
  const response = await fetchAsUser(url);
  return response.ok ? response.json() : response.status;
}

/** Writes a file to the file share by a program, which gets a ticket for the file server alone. */
async function share(name: string): Promise<string> {
  const token = Token.current();
  using tickets = await client.tickets({ targets: ['cifs/dc.impersonate.test'] });
  const command = `klist.mit
    exec smbclient //dc.impersonate.test/share --use-kerberos=required --use-krb5-ccache="$KRB5CCNAME" -c "$1" 2>&1`;
  const args = ['-c', command, 'sh', `put /etc/hosts ${name}; ls`];
  return token.spawnSync('/bin/sh', args, { encoding: 'utf8', credentials: tickets }).stdout;
}

const hops: Record<string, (argument: string) => Promise<unknown>> = {
  ticket,
  ticketAt,
  query,
  fetched,
  share,
};

function errorOf(error: unknown): NonNullable<Hop['error']> {
  const { code, syscall, message, cause } = error as NodeJS.ErrnoException;
  if (code === undefined && cause !== undefined) return errorOf(cause); // fetch's own error
  return { code: code ?? '', syscall: syscall ?? '', message };
}

/** Makes the hop that the URL names, as the user of the flow. */
async function hop(kind: string, argument: string): Promise<Hop> {
  const token = Token.current();
  const user = (await lookupAccount(token.user))?.name ?? '';
  const { delegation } = token;
  try {
    return { user, delegation, result: await hops[kind]?.(argument) };
  } catch (error) {
    return { user, delegation, error: errorOf(error) };
  }
}

async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const [, kind = '', argument = ''] = (request.url ?? '').split('/').map(decodeURIComponent);
  response.end(JSON.stringify(await hop(kind, argument)));
}

async function handleAs(name: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const [, , , kind = '', argument = ''] = (request.url ?? '').split('/').map(decodeURIComponent);
  using token = await Token.forUser(name);
  response.end(JSON.stringify(await token.run(() => hop(kind, argument))));
}

const listener = authenticate(server, handle, { onError: (error) => (lastError = error) });
createServer((request, response) => {
  if (request.url === '/error') {
    response.end(JSON.stringify({ error: errorOf(lastError) }));
    return;
  }
  const name = /^\/as\/([^/]+)/.exec(request.url ?? '')?.[1];
  if (name === undefined) listener(request, response);
  else
    handleAs(name, request, response).catch((error: unknown) => response.writeHead(500).end(String(error)));
}).listen(Number(port), () => console.log(`port ${port ?? ''}.`));
