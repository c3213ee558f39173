import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import net from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { codeOf, never } from '../check.mjs';
import { logon, withToken, withTokens } from '../tokens.mjs';
import { connectRights, withoutPrivilege } from './threads.mjs';

const administrators = 'S-1-5-32-544';
const newPath = () => `\\\\.\\pipe\\imp-verify-${randomBytes(6).toString('hex')}`;

/** Calls `work` with a peer server: its path, and `next()`, which resolves to what the next client's token is. */
async function withServer({ product }, options, work) {
  const seen = [];
  const waiting = [];
  const report = (what) => (waiting.shift() ?? ((value) => seen.push(value)))(what);
  const server = product.createPeerServer(options, (socket, token) => {
    const groups = token.groups.map(({ id }) => id);
    report({ user: token.user.id, level: token.level, isAdministrator: groups.includes(administrators) });
    socket.on('error', () => {}).resume();
  });
  server.on('clientError', (error) => report({ error: error.code }));
  const path = newPath();
  await server.listen(path);
  const next = () => (seen.length > 0 ? seen.shift() : new Promise((resolve) => waiting.push(resolve)));
  try {
    return await work({ path, next });
  } finally {
    server.close();
  }
}

const accessDenied = 5;
const pipeBusy = 231;

/** Connects in a scope of `token` and resolves to the handle. The server has no free instance just after a client. */
async function open({ seam }, token, path, level = 'impersonation') {
  for (;;) {
    try {
      return token.runSync(() => seam.openPipe(path, connectRights, level));
    } catch (error) {
      if (error.errno !== pipeBusy) throw error;
      await delay(20);
    }
  }
}

/** Fails unless the pipe's access list denies the connection. */
function assertClosed(world, token, path, what) {
  return assert.rejects(
    async () => world.seam.closeHandle(await open(world, token, path)),
    { errno: accessDenied },
    what,
  );
}

async function accessList(world) {
  await withTokens(world, async (alice, bob) => {
    await withServer(world, {}, ({ path }) => assertClosed(world, alice, path, 'the default admits a user'));
    await withServer(world, { allow: [world.alice.sid] }, async ({ path, next }) => {
      const handle = await open(world, alice, path);
      const { user, level } = await next();
      world.seam.closeHandle(handle);
      assert.deepEqual([user, level], [world.alice.sid, 'impersonation']);
      await assertClosed(world, bob, path, 'a user who is not in `allow` is admitted');
    });
  });
  return 'closed by default; `allow` admits one user and not another';
}

async function secondServer(world) {
  const code = await withServer(world, {}, ({ path }) =>
    codeOf(async () => (await world.product.createPeerServer().listen(path)).close()),
  );
  assert.equal(code, 'ERROR_ACCESS_DENIED');
  return code;
}

async function nullDacl({ product }) {
  const server = () => product.createPeerServer({ securityDescriptor: 'D:NO_ACCESS_CONTROL' });
  return codeOf(async () => (await server().listen(newPath())).close());
}

/** Resolves to the first error of a socket, or to undefined after `patience` milliseconds without one. */
async function errorOf(socket, patience) {
  const controller = new AbortController();
  const first = once(socket, 'error', { signal: controller.signal }).then(([error]) => error);
  return Promise.race([first, delay(patience, undefined, { ref: false })]).finally(() => controller.abort());
}

async function netConnect(world) {
  return withToken(logon(world, world.alice), (alice) =>
    withServer(world, { allow: [world.alice.sid] }, async ({ path, next }) => {
      const client = alice.runSync(() => net.connect(path));
      client.on('error', () => {});
      let connected = false;
      client.once('connect', () => {
        connected = true;
        client.write('x');
      });
      const error = await errorOf(client, world.rehearsal ? 100 : 2000);
      client.destroy();
      assert.ok(error, 'net.connect() has written to the pipe');
      if (connected) next();
      return connected ? `connected for reading only: ${error.code}` : `denied: ${error.code}`;
    }),
  );
}

async function clientLevels(world) {
  const given = await withToken(logon(world, world.alice), (alice) =>
    withServer(world, { allow: [world.alice.sid] }, async ({ path, next }) => {
      const outcomes = {};
      for (const level of ['anonymous', 'identification', 'impersonation', 'delegation']) {
        const handle = await open(world, alice, path, level);
        const { user, level: actual, error } = await next();
        world.seam.closeHandle(handle);
        if (user !== undefined) assert.equal(user, world.alice.sid);
        outcomes[level] = actual ?? error;
      }
      return outcomes;
    }),
  );
  assert.match(given.anonymous, /^ERR/);
  assert.equal(given.identification, 'identification');
  assert.equal(given.impersonation, 'impersonation');
  assert.match(given.delegation, /^(?:impersonation|delegation)$/);
  return Object.entries(given)
    .map(([level, actual]) => `${level}: ${actual}`)
    .join(', ');
}

async function firstByte(world) {
  const { connectPeer, Token } = world.product;
  const path = newPath();
  const server = net.createServer().listen(path);
  await once(server, 'listening');
  try {
    const arrival = once(server, 'connection');
    const client = await connectPeer(path);
    const [socket] = await arrival;
    const identify = () => {
      const token = Token.fromPeer(socket);
      assert.equal(token.user.id, world.service);
      token.close();
    };
    const before = await codeOf(() => {
      identify();
      throw Object.assign(new Error(), { code: 'identified' });
    });
    assert.match(before, /^(?:identified|ERROR_CANNOT_IMPERSONATE)$/);
    client.write('x');
    await once(socket, 'data');
    identify();
    client.destroy();
    socket.destroy();
    return `before the first byte: ${before}; after it: the client's user`;
  } finally {
    server.close();
  }
}

async function tracking(world) {
  await withServer(world, {}, async ({ path, next }) => {
    const client = await world.product.connectPeer(path, { server: world.service });
    client.write('x');
    assert.equal((await next()).user, world.service);
    client.destroy();
    const stranger = await codeOf(() => world.product.connectPeer(path, { server: world.alice.sid }));
    assert.equal(stranger, 'ERR_UNEXPECTED_SERVER');
  });
  return 'the expected server gets the client; any other ERR_UNEXPECTED_SERVER';
}

async function filtered(world) {
  const { product, seam, service } = world;
  await withServer(world, { allow: [service] }, async ({ path, next }) => {
    const own = await product.connectPeer(path);
    own.write('x');
    assert.equal((await next()).isAdministrator, true);
    own.destroy();
    const self = product.Token.process();
    await withToken(self.restrict({ denyOnly: [administrators] }), async (token) => {
      const handle = await open(world, token, path);
      const { user, isAdministrator } = await next();
      seam.closeHandle(handle);
      assert.deepEqual([user, isAdministrator], [service, false]);
    });
    self.close();
  });
  return "an elevated client has the administrators' group, a filtered one has not";
}

async function withoutRight(world) {
  return withToken(logon(world, world.alice), (alice) =>
    withoutPrivilege(world, async (ask) => {
      const path = newPath();
      await ask({ do: 'serve', path });
      const handle = await open(world, alice, path);
      const { client } = await ask({ do: 'client' });
      world.seam.closeHandle(handle);
      assert.notEqual(client.entering, 'done', 'the client was entered');
      return `level ${client.level ?? 'none'}; entering: ${client.entering}`;
    }),
  );
}

const noPipes = 'checks no access to pipes, and knows only the process of a client';

export const pipeAccess = {
  name: 'pipe access',
  checks: [
    { what: 'the access list', wine: noPipes, run: accessList },
    { what: 'a second server of the name', wine: 'does not keep a name for one server', run: secondServer },
    { what: 'a descriptor with a null DACL', wine: 'does not read NO_ACCESS_CONTROL', run: nullDacl },
    never('clients of other computers', 'needs another machine'),
  ],
};

export const pipeClients = {
  name: 'pipe clients',
  checks: [{ what: 'net.connect() of a user in `allow`', wine: noPipes, run: netConnect }],
};

export const pipeLevels = {
  name: 'pipe levels',
  checks: [
    { what: 'the level that the client allows', wine: noPipes, run: clientLevels },
    { what: 'the first byte', run: firstByte },
    { what: 'a client that expects a server', run: tracking },
  ],
};

export const pipeTokens = {
  name: 'pipe tokens',
  checks: [
    { what: 'elevated and filtered clients', wine: noPipes, run: filtered },
    { what: 'a service without SeImpersonatePrivilege', wine: noPipes, run: withoutRight },
    never('AppContainer clients', 'needs an installed app'),
  ],
};
