import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';
import process from 'node:process';
import { promisify } from 'node:util';
import {
  authenticate,
  createNegotiateFetch,
  NegotiateAgent,
  NegotiateClient,
  NegotiateServer,
} from '../product.mjs';

const target = 'HTTP/localhost';
const kdcProgram = '/usr/sbin/krb5kdc';

/** Requests of a comparison with a connection and a handshake for each: curl starts once for all. */
const connections = 50;
const usualConnections = 8;

/**
 * Kerberos handshakes with a KDC of MIT: as the process by the package kerberos, and as a user who has forwarded a ticket,
 * up to the user's token. And requests over HTTP to a server in this process.
 */
export default async function* comparisons({ port }) {
  if (port !== 'linux' || !existsSync(kdcProgram)) return;
  const require = createRequire(import.meta.url);
  const kdc = await require('../../dist-test/support/linux/kdc.js').startKdc();
  Object.assign(process.env, kdc.env, { KRB5CCNAME: kdc.ticketsOf('alice') });
  const kerberos = require('kerberos');
  const token = await delegated(kerberos);
  const sides = {
    'the package kerberos': peer(kerberos),
    'NegotiateClient and NegotiateServer': own(token),
  };
  const side = (name, work, batch) => ({ name, batch, work });
  for (const [title, part] of [
    ["a handshake, the client's first message", 'first'],
    ['a handshake, both ends', 'whole'],
  ]) {
    for (const most of [1, 8]) {
      yield {
        title: `${title}, ${most} at a time`,
        unit: 'handshakes',
        sides: Object.entries(sides).map(([name, does]) =>
          side(name, (count) => each(count, most, does[part]), most),
        ),
      };
    }
  }
  yield* requests(token);
  token.close();
  await kdc.stop();
}

/** Requests over connections that are already authenticated, and requests with a connection and a handshake for each. */
async function* requests(token) {
  const negotiator = new NegotiateServer();
  const answer = (_request, response) => response.end('hello');
  const plain = await serve(answer);
  const authenticated = await serve(authenticate(negotiator, answer));
  const closing = await serve(
    authenticate(negotiator, (_request, response) => response.setHeader('Connection', 'close').end('hello')),
  );
  const options = { client: new NegotiateClient(), origins: [authenticated.origin, closing.origin] };
  const kept = createNegotiateFetch(options);
  const preemptive = createNegotiateFetch({ ...options, preemptive: true });
  const agents = {
    plain: new http.Agent({ keepAlive: true }),
    own: new NegotiateAgent({ ...options, protocol: 'http:' }),
  };
  const fetched = async (response) => check((await response).status, await (await response).text());
  const each8 = (does) => (count) => each(count, usualConnections, does);
  const sides = {
    'fetch(), node:http': each8(() => fetched(fetch(plain.origin))),
    'createNegotiateFetch(), NegotiateServer': each8(() =>
      token.run(() => fetched(kept(authenticated.origin))),
    ),
    'http.Agent, node:http': each8(() => get(plain.origin, agents.plain)),
    'NegotiateAgent, NegotiateServer': each8(() => token.run(() => get(authenticated.origin, agents.own))),
  };
  yield {
    title: `a request over a kept connection, ${usualConnections} at a time`,
    unit: 'requests',
    sides: Object.entries(sides).map(([name, work]) => ({ name, batch: 200, work })),
  };
  yield {
    title: 'a request with a connection and a handshake',
    unit: 'requests',
    sides: [
      { name: 'curl --negotiate', batch: connections, work: (count) => curl(closing.origin, count) },
      {
        name: 'createNegotiateFetch(), preemptive',
        batch: connections,
        work: (count) => each(count, 1, () => token.run(() => fetched(preemptive(closing.origin)))),
      },
    ],
  };
  await Promise.all([kept, preemptive, agents.own].map((closable) => closable.close()));
  agents.plain.destroy();
  for (const { server } of [plain, authenticated, closing]) server.close().closeAllConnections();
}

async function serve(listener) {
  const server = http.createServer(listener);
  server.keepAliveTimeout = 120_000;
  await once(server.listen(0, 'localhost'), 'listening');
  return { server, origin: `http://localhost:${server.address().port}` };
}

function check(status, text) {
  if (status !== 200 || text !== 'hello') throw new Error(`the server has answered ${status} ${text}`);
}

function get(url, agent) {
  return new Promise((resolve, reject) => {
    const receive = (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part) => (text += part));
      response.on('error', reject).once('end', () => {
        check(response.statusCode, text);
        resolve();
      });
    };
    http.get(url, { agent }, receive).on('error', reject);
  });
}

/** Sends all requests with one curl, which authenticates as the process, on its own initiative too. */
async function curl(url, count) {
  const args = ['--silent', '--fail', '--negotiate', '--user', ':', ...Array(count).fill(`${url}/`)];
  const { stdout } = await promisify(execFile)('curl', args);
  check(200, stdout.replace('hello'.repeat(count), 'hello'));
}

/** Returns the token of a user whose client has forwarded its ticket. */
async function delegated({ initializeClient, GSS_MECH_OID_SPNEGO: mechOID, ...flags }) {
  const client = await initializeClient('HTTP@localhost', {
    mechOID,
    flags: flags.GSS_C_MUTUAL_FLAG | flags.GSS_C_DELEG_FLAG,
  });
  await client.step('');
  const server = new NegotiateServer();
  const { token } = await server.handshake().step(Buffer.from(client.response, 'base64'));
  server.close();
  return token;
}

async function each(count, most, does) {
  for (let left = count; left > 0; left -= most) {
    await Promise.all(Array.from({ length: Math.min(left, most) }, () => does()));
  }
}

function peer({ initializeClient, initializeServer, GSS_MECH_OID_SPNEGO: mechOID }) {
  const begin = async () => {
    const client = await initializeClient('HTTP@localhost', { mechOID });
    await client.step('');
    return client;
  };
  return {
    first: begin,
    async whole() {
      const client = await begin();
      const server = await initializeServer('');
      await server.step(client.response);
      await client.step(server.response);
      if (!client.contextComplete) throw new Error('the server has not proved its identity');
    },
  };
}

function own(token) {
  const client = new NegotiateClient();
  const server = new NegotiateServer();
  const begin = async () => {
    const handshake = client.handshake({ target, token });
    return { handshake, message: (await handshake.step()).message };
  };
  return {
    async first() {
      (await begin()).handshake.close();
    },
    async whole() {
      const { handshake, message } = await begin();
      const { reply, token: accepted } = await server.handshake().step(message);
      accepted.close();
      const { done } = await handshake.step(reply);
      if (!done) throw new Error('the server has not proved its identity');
    },
  };
}
