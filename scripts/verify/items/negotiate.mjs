import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import { assertDeniedSync, codeOf, never } from '../check.mjs';
import { withToken } from '../tokens.mjs';

/** Authenticates a user over the system's own client and this package's server, and resolves to the token. */
async function authenticate({ product, machine }, user, options = {}) {
  const server = new product.NegotiateServer({ package: options.package ?? 'Negotiate' });
  const handshake = server.handshake();
  try {
    const client = machine.negotiateClient(user, options);
    for (let reply; ;) {
      const step = await handshake.step(client(reply));
      if (step.token) return step.token;
      reply = step.reply;
    }
  } finally {
    handshake.close();
    server.close();
  }
}

async function packages(world) {
  for (const name of ['NTLM', 'Negotiate']) {
    for (const user of [world.alice, world.bob]) {
      await withToken(authenticate(world, user, { package: name }), (token) => {
        assert.equal(token.user.id, user.sid, name);
        assert.equal(token.level, 'impersonation', name);
        token.runSync(() => {
          const own = user === world.alice ? 'alice' : 'bob';
          assert.equal(fs.readFileSync(world.paths[own], 'utf8'), `of ${own}`);
          assertDeniedSync(() => fs.readFileSync(world.paths.service), name);
        });
      });
    }
  }
  return 'NTLM, bare and in SPNEGO: the right user, access as the user';
}

async function wrongPassword(world) {
  const user = { ...world.alice, password: Buffer.from('a wrong password') };
  const code = await codeOf(() => authenticate(world, user));
  assert.equal(code, 'SEC_E_LOGON_DENIED');
  return code;
}

async function identification(world) {
  await withToken(authenticate(world, world.alice, { package: 'NTLM', identify: true }), async (token) => {
    assert.equal(token.level, 'identification');
    assert.equal(await codeOf(() => token.runSync(() => {})), 'ERR_TOKEN_LEVEL');
  });
  return 'level identification; entering throws ERR_TOKEN_LEVEL';
}

function send(port, agent, authorization) {
  return new Promise((resolve, reject) => {
    const headers = authorization === undefined ? {} : { authorization };
    http
      .get({ host: '127.0.0.1', port, agent, headers }, async (response) => {
        let body = '';
        for await (const part of response.setEncoding('utf8')) body += part;
        resolve({ status: response.statusCode, challenge: response.headers['www-authenticate'], body });
      })
      .once('error', reject);
  });
}

async function overHttp(world) {
  const negotiator = new world.product.NegotiateServer();
  const listener = world.http.authenticate(negotiator, async (request, response) => {
    const read = (file) => fs.promises.readFile(file, 'utf8').catch(({ code }) => code);
    response.end(
      JSON.stringify([request.token.user.id, await read(world.paths.alice), await read(world.paths.bob)]),
    );
  });
  const server = http.createServer(listener).listen(0, '127.0.0.1');
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  try {
    await once(server, 'listening');
    const { port } = server.address();
    assert.equal((await send(port, agent)).status, 401);
    const client = world.machine.negotiateClient(world.alice);
    let answer;
    for (let round = 0, reply; round < 4 && answer?.status !== 200; round++) {
      answer = await send(port, agent, `Negotiate ${client(reply).toString('base64')}`);
      reply = Buffer.from((answer.challenge ?? '').replace(/^Negotiate ?/, ''), 'base64');
    }
    assert.equal(answer.status, 200);
    const [user, own, other] = JSON.parse(answer.body);
    assert.deepEqual([user, own], [world.alice.sid, 'of alice']);
    assert.match(other, /^(?:EACCES|EPERM)$/);
  } finally {
    agent.destroy();
    server.close();
    negotiator.close();
  }
  return 'node:http: 401, handshake, a response as the user';
}

export const negotiate = {
  name: 'negotiate',
  checks: [
    { what: 'local users', run: packages },
    { what: 'a wrong password', run: wrongPassword },
    { what: 'a client that allows identification', run: identification },
    { what: 'over HTTP', run: overHttp },
    never('Kerberos', 'needs a domain'),
    never('anonymous and guest clients', 'needs another machine'),
  ],
};
