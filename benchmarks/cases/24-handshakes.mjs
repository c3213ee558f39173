import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import process from 'node:process';
import { NegotiateClient, NegotiateServer } from '../product.mjs';

const target = 'HTTP/localhost';
const kdcProgram = '/usr/sbin/krb5kdc';

/**
 * Kerberos handshakes with a KDC of MIT: as the process by the package kerberos, and as a user who has forwarded a ticket,
 * up to the user's token.
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
  token.close();
  await kdc.stop();
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
