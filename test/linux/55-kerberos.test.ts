import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { linesOf } from '../support/children/child';
import { tempFolder } from '../support/folders';
import { describeKerberos, startKdc, type Kdc } from '../support/linux/kdc';
import { httpProduct, product } from '../support/paths';

/** firstMessage: the first message of a client. outcome: the result of a server for a message. */
const setup = (tickets: string): string => `
  const kerberos = require(${JSON.stringify(require.resolve('kerberos'))});
  const { NegotiateServer } = require(${JSON.stringify(product)});
  const spnego = { mechOID: kerberos.GSS_MECH_OID_SPNEGO };
  const krb5 = { mechOID: kerberos.GSS_MECH_OID_KRB5 };
  const firstMessage = async (user, service = 'HTTP@localhost', options = spnego) => {
    process.env.KRB5CCNAME = ${JSON.stringify(tickets)}.replace('alice', user);
    const client = await kerberos.initializeClient(service, options);
    await client.step('');
    return Object.assign(Buffer.from(client.response, 'base64'), { client });
  };
  const see = () => [world.canOpen(world.alice), world.canOpen(world.bob), world.canOpenService()].join();
  const outcome = async (server, message) => {
    const handshake = server.handshake();
    try {
      const { token } = await handshake.step(message);
      const { id } = token.user;
      token.close();
      return id === world.alice.id ? 'alice' : id === world.bob.id ? 'bob' : id;
    } catch (error) {
      return error.code + (handshake.closed ? '' : ' open');
    }
  };
`;

describeKerberos('NegotiateServer over GSSAPI', () => {
  let kdc: Kdc;
  beforeAll(async () => {
    kdc = await startKdc();
  });
  afterAll(() => kdc.stop());

  const lines = (source: string): Promise<string[]> =>
    linesOf(setup(kdc.ticketsOf('alice')) + source, { env: kdc.env, execArgv: ['--expose-gc'] });

  test("makes a ticket into its user's token, and authenticates itself to the client", async () => {
    const printed = await lines(`
      const server = new NegotiateServer();
      for (const user of ['alice', 'bob']) for (const mechanism of [spnego, krb5]) {
        const message = await firstMessage(user, 'HTTP@localhost', mechanism);
        const { token, reply } = await server.handshake().step(message);
        const before = message.client.contextComplete;
        await message.client.step(reply.toString('base64'));
        print(user + ' ' + token.runSync(see) + ' ' + before + ' ' + message.client.contextComplete);
        token.close();
      }
      print(server.handshakes + ' ' + see());`);
    const [alice, bob] = ['alice true,false,false false true', 'bob false,true,false false true'];
    expect(printed).toEqual([alice, alice, bob, bob, '0 true,true,true']);
  });

  test('keeps the ticket that a client forwards with the token', async () => {
    const printed = await lines(`
      const server = new NegotiateServer();
      const [mutual, forward] = [kerberos.GSS_C_MUTUAL_FLAG, kerberos.GSS_C_MUTUAL_FLAG | kerberos.GSS_C_DELEG_FLAG];
      for (const { mechOID } of [spnego, krb5]) for (const flags of [mutual, forward]) {
        const { token } = await server.handshake().step(await firstMessage('alice', 'HTTP@localhost', { mechOID, flags }));
        print(token.delegation);
        token.close();
      }`);
    expect(printed).toEqual(['transition', 'forwarded', 'transition', 'forwarded']);
  });

  test('rejects invalid tickets, and tickets for another service', async () => {
    const printed = await lines(`
      const server = new NegotiateServer({ maxMessageSize: 2048 });
      const good = await firstMessage('alice');
      const elsewhere = new NegotiateServer({ principal: 'HTTP@elsewhere' });
      const halfDone = { mechOID: kerberos.GSS_MECH_OID_KRB5, flags: kerberos.GSS_C_MUTUAL_FLAG | 0x1000 };
      const messages = {
        garbage: Buffer.from('garbage'),
        NTLM: Buffer.from('NTLMSSP\\0\\x01\\0\\0\\0'),
        'cut short': good.subarray(0, 500),
        changed: Buffer.from(good, 0).map((byte, index) => (index === 700 ? byte ^ 1 : byte)),
        'too large': Buffer.concat([good, Buffer.alloc(2048)]),
        'a key of another service': await firstMessage('alice', 'host@localhost'),
        'no key': await firstMessage('alice', 'HTTP@unknown'),
        'only half done': await firstMessage('alice', 'HTTP@localhost', halfDone),
      };
      for (const [name, message] of Object.entries(messages)) print(name + ': ' + (await outcome(server, message)));
      print('another host: ' + (await outcome(elsewhere, await firstMessage('alice'))));
      print('good: ' + (await outcome(server, good)));
      print('again: ' + (await outcome(server, good)));
      const exact = { package: 'Kerberos', principal: 'HTTP@localhost' };
      const only = new NegotiateServer(exact);
      print('SPNEGO: ' + (await outcome(only, await firstMessage('bob'))));
      print('raw: ' + (await outcome(only, await firstMessage('bob', 'HTTP@localhost', krb5))));
      print(server.handshakes + elsewhere.handshakes + only.handshakes + ' ' + see());`);
    expect(printed).toEqual([
      'garbage: ERR_HANDSHAKE_REFUSED',
      'NTLM: ERR_HANDSHAKE_REFUSED',
      'cut short: ERR_HANDSHAKE_REFUSED',
      'changed: ERR_HANDSHAKE_REFUSED',
      'too large: ERR_HANDSHAKE_TOO_LARGE',
      'a key of another service: ERR_HANDSHAKE_REFUSED',
      'no key: ERR_HANDSHAKE_REFUSED',
      'only half done: ERR_HANDSHAKE_REFUSED',
      'another host: ERR_HANDSHAKE_REFUSED',
      'good: alice',
      'again: ERR_HANDSHAKE_REFUSED',
      'SPNEGO: ERR_HANDSHAKE_REFUSED',
      'raw: bob',
      '0 true,true,true',
    ]);
  });

  test('maps a principal only to the user of that name in its own realm', async () => {
    const printed = await lines(`
      const server = new NegotiateServer();
      for (const user of ['admin', 'foreign', 'nobody', 'root', 'daemon']) {
        print(user + ': ' + (await outcome(server, await firstMessage(user))));
      }
      const map = async (user, mapUser) => print('mapped: ' + (await outcome(new NegotiateServer({ mapUser }), await firstMessage(user))));
      await map('admin', (principal) => (principal === 'imp-alice/admin@IMPERSONATE.TEST' ? 'imp-bob' : null));
      await map('foreign', async (principal) => (principal === 'imp-alice@FOREIGN.TEST' ? 'imp-bob' : null));
      await map('root', () => 'root');
      await map('daemon', () => 'imp-alice');
      await map('alice', () => null);
      await map('alice', () => undefined);
      await map('alice', () => { throw Object.assign(new Error(), { code: 'MINE' }); });`);
    expect(printed).toEqual([
      'admin: ERR_UNMAPPED_PRINCIPAL',
      'foreign: ERR_UNMAPPED_PRINCIPAL',
      'nobody: ERR_UNKNOWN_USER',
      'root: ERR_UNMAPPED_PRINCIPAL',
      'daemon: ERR_UNMAPPED_PRINCIPAL',
      'mapped: bob',
      'mapped: bob',
      'mapped: 0',
      'mapped: alice',
      'mapped: ERR_UNMAPPED_PRINCIPAL',
      'mapped: ERR_INVALID_ARG_TYPE',
      'mapped: MINE',
    ]);
  });

  test('can start inside a scope or a flow, and acts as the process', async () => {
    const printed = await lines(`
      const bob = await world.bob.token();
      const messages = [await firstMessage('alice'), await firstMessage('alice'), await firstMessage('alice')];
      const server = bob.runSync(() => new NegotiateServer());
      let inScope;
      bob.runSync(() => { inScope = server.handshake().step(messages[0]); });
      const scope = bob.impersonate();
      const inOpenScope = server.handshake().step(messages[2]);
      scope.revert();
      const steps = [await inScope, await inOpenScope, await bob.run(() => server.handshake().step(messages[1]))];
      for (const { token } of steps) { print(token.runSync(see)); token.close(); }
      print(see() + ' ' + Token.thread());
      bob.close();`);
    const asAlice = 'true,false,false';
    expect(printed).toEqual([asAlice, asAlice, asAlice, 'true,true,true null']);
  });

  test('keeps nothing of finished handshakes', async () => {
    const printed = await lines(`
      const server = new NegotiateServer();
      const round = async () => {
        const message = await firstMessage('alice');
        const first = await outcome(server, message);
        const closed = server.handshake();
        const closing = closed.step(await firstMessage('bob')).catch(({ code }) => code);
        closed.close();
        return [first, await outcome(server, message), await closing].join();
      };
      await round();
      const { settledHandles } = require(${JSON.stringify(require.resolve('../support/world/world'))});
      const before = await settledHandles();
      const outcomes = new Set();
      for (let i = 0; i < 25; i++) outcomes.add(await round());
      print([...outcomes].join(' '));
      // Fewer than before is no leak; one in each round would be 25.
      print(Math.max(0, (await settledHandles()) - before) + ' ' + server.handshakes);`);
    expect(printed).toEqual(['alice,ERR_HANDSHAKE_REFUSED,ERR_HANDSHAKE_CLOSED', '0 0']);
  });

  test('accepts curl --negotiate: a thousand requests of two users over keep-alive connections', async () => {
    const printed = await lines(`
      const http = require('node:http');
      const net = require('node:net');
      const { promisify } = require('node:util');
      const execFile = promisify(require('node:child_process').execFile);
      const { runSync } = require(${JSON.stringify(product)});
      const { authenticate } = require(${JSON.stringify(httpProduct)});
      const { settledHandles } = require(${JSON.stringify(require.resolve('../support/world/world'))});
      const negotiator = new NegotiateServer({ principal: 'HTTP@localhost' });
      const errors = [];
      const onError = ({ code }) => errors.push(code);
      let [connections, count] = [0, 0];
      const handler = async (request, response) => {
        for (let i = count++ % 4; i > 0; i--) await new Promise(setImmediate);
        response.end(runSync(see) + (request.token === Token.current() ? '' : ' another') + '\\n');
      };
      const server = http.createServer(authenticate(negotiator, handler, { onError }));
      server.on('connection', () => { connections += 1; });
      await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address();
      const url = 'http://localhost:' + port + '/';
      const curl = async (user, times, ...options) => {
        const env = { ...process.env, KRB5CCNAME: ${JSON.stringify(kdc.ticketsOf('alice'))}.replace('alice', user) };
        const { stdout } = await execFile('curl', ['-s', '-4', ...options, ...Array(times).fill(url)], { env });
        return stdout.trim().split('\\n');
      };
      const negotiate = ['--negotiate', '-u', ':'];
      await curl('alice', 2, ...negotiate);
      const handles = await settledHandles();
      connections = 0;
      const replies = await Promise.all(['alice', 'bob', 'alice', 'bob'].map((user) => curl(user, 250, ...negotiate)));
      for (const reply of replies) print(reply.length + ' ' + [...new Set(reply)].join(' '));
      print(String(connections));
      print((await curl('admin', 1, ...negotiate, '-w', '%{http_code}')) + ' ' + errors.join());
      print((await curl('alice', 1, '-w', '%{http_code}')).join());
      print(String(/^WWW-Authenticate: Negotiate .{100,}$/im.test((await curl('bob', 1, ...negotiate, '-i')).join('\\n'))));
      const goAway = async (wait) => {
        const message = await firstMessage('alice');
        const socket = net.connect(port, '127.0.0.1');
        socket.write('GET / HTTP/1.1\\r\\nHost: x\\r\\nAuthorization: Negotiate ' + message.toString('base64') + '\\r\\n\\r\\n');
        await new Promise((resolve) => setTimeout(resolve, wait));
        socket.destroy();
      };
      for (let i = 0; i < 20; i++) await goAway(i % 4);
      for (let i = 0; i < 100 && Token.count + negotiator.handshakes > 0; i++) {
        await new Promise((resolve) => setTimeout(resolve, 10));
        gc();
      }
      print(Token.count + ' ' + negotiator.handshakes + ' ' + Math.max(0, (await settledHandles()) - handles));
      await new Promise((resolve) => { server.close(resolve); server.closeAllConnections(); });
      print(see());`);
    expect(printed).toEqual([
      '250 true,false,false',
      '250 false,true,false',
      '250 true,false,false',
      '250 false,true,false',
      '4',
      '401 ERR_UNMAPPED_PRINCIPAL',
      '401',
      'true',
      '0 0 0',
      'true,true,true',
    ]);
  });

  test('accepts neither NTLM nor anonymous clients', async () => {
    const printed = await lines(`
      const made = (options) => { try { new NegotiateServer(options); return 'made'; } catch ({ code }) { return code; } };
      for (const options of [{ package: 'NTLM' }, { allowAnonymous: true }, { principal: 'HTTP/localhost' }, { mapUser: 'alice' }]) print(made(options));`);
    expect(printed).toEqual([
      'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM',
      'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM',
      'ERR_INVALID_ARG_VALUE',
      'ERR_INVALID_ARG_TYPE',
    ]);
  });
});

test('without the libraries of MIT Kerberos there is no NegotiateServer, and everything else works', async () => {
  // The loader does not search on after a file that is no library.
  const folder = tempFolder('no-gssapi');
  writeFileSync(join(folder, 'libgssapi_krb5.so.2'), '');
  const printed = await linesOf(
    `
    const { NegotiateServer, NegotiateClient } = require(${JSON.stringify(product)});
    for (const Class of [NegotiateServer, NegotiateClient]) {
      try { new Class(); } catch (error) {
        print(error.name + ' ' + error.code + ' ' + /libgssapi-krb5-2/.test(error.message));
      }
    }
    Token.process().close();`,
    { env: { ...process.env, LD_LIBRARY_PATH: folder } },
  );
  const expected = 'ImpersonationError ERR_FEATURE_UNAVAILABLE_ON_PLATFORM true';
  expect(printed).toEqual([expected, expected]);
});
