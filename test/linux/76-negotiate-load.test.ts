import { linesOf } from '../support/children/child';
import { describeKerberos, startKdc, type Kdc } from '../support/linux/kdc';
import { httpProduct, product } from '../support/paths';

const userCount = 100;
/** Requests of a user that may be on their way at the same time, and requests after one another in each of these lanes. */
const lanes = 2;
const perLane = 5;

/**
 * tokens: a token with a forwarded ticket for each user, all of two local accounts. ask: sends a request as a user to a
 * second server, whose answer is the principal that the handshake of the connection had.
 */
const setup = (users: readonly (readonly [principal: string, tickets: string])[]): string => `
  const { AsyncLocalStorage } = require('node:async_hooks');
  const http = require('node:http');
  const { once } = require('node:events');
  const { setImmediate: immediate } = require('node:timers/promises');
  const kerberos = require(${JSON.stringify(require.resolve('kerberos'))});
  const { NegotiateClient, NegotiateServer } = require(${JSON.stringify(product)});
  const { authenticate, createNegotiateFetch } = require(${JSON.stringify(httpProduct)});
  const { settledHandles } = require(${JSON.stringify(require.resolve('../support/world/world'))});
  const users = ${JSON.stringify(users)};
  const accountOf = (principal) => (Number(/\\d+/.exec(principal)) % 2 ? 'imp-alice' : 'imp-bob');
  const flags = kerberos.GSS_C_MUTUAL_FLAG | kerberos.GSS_C_DELEG_FLAG;

  const delegated = async (portal, tickets) => {
    process.env.KRB5CCNAME = tickets;
    const client = await kerberos.initializeClient('HTTP@localhost', { mechOID: kerberos.GSS_MECH_OID_SPNEGO, flags });
    await client.step('');
    delete process.env.KRB5CCNAME;
    return (await portal.handshake().step(Buffer.from(client.response, 'base64'))).token;
  };

  const socketOf = new AsyncLocalStorage();
  const run = async (requestsOf) => {
    const portal = new NegotiateServer({ mapUser: accountOf });
    const tokens = [];
    for (const [principal, tickets] of users) tokens.push([principal, await delegated(portal, tickets)]);
    // Node 20 keeps a flow with the socket on which it ran.
    const principals = new WeakMap();
    const errors = [];
    let handshakes = 0;
    const mapUser = (principal) => {
      handshakes += 1;
      principals.set(socketOf.getStore(), principal);
      return accountOf(principal);
    };
    const negotiator = new NegotiateServer({ mapUser });
    const answer = async (request, response) => {
      const account = request.token.user.id === world.alice.id ? 'imp-alice' : 'imp-bob';
      await immediate();
      response.end(principals.get(request.socket) + ' ' + account);
    };
    const listener = authenticate(negotiator, answer, { persist: 'connection', onError: (error) => errors.push(error) });
    const server = http.createServer((request, response) => {
      socketOf.run(request.socket, () => listener(request, response));
    });
    server.keepAliveTimeout = 600_000;
    let connections = 0;
    server.on('connection', () => (connections += 1));
    await once(server.listen(0, 'localhost'), 'listening');
    const origin = 'http://localhost:' + server.address().port;
    const client = new NegotiateClient();
    const negotiateFetch = createNegotiateFetch({ client, origins: [origin], idleTimeout: 600_000 });
    const ask = (token) => token.run(async () => (await negotiateFetch(origin)).text());
    const crossed = [];
    // The pauses mix the order of the users: an idle connection is seldom the one that was used last.
    const lane = async ([principal, token], count, index) => {
      for (let i = 0; i < count; i++) {
        for (let pause = (index * 7 + i * 3) % 11; pause > 0; pause--) await immediate();
        const text = await ask(token);
        if (text !== principal + ' ' + accountOf(principal)) crossed.push(principal + ': ' + text);
      }
    };
    await Promise.all(requestsOf(tokens).map(([user, count], index) => lane(user, count, index)));
    await negotiateFetch.close();
    await new Promise((resolve) => server.close(resolve));
    const open = client.handshakes + negotiator.handshakes + portal.handshakes;
    for (const closable of [client, negotiator, portal, ...tokens.map(([, token]) => token)]) closable.close();
    // Node 20 keeps the context of the last request.
    for (let i = 0; i < 1000 && Token.count > 1; i++) {
      await immediate();
      gc();
    }
    return { crossed, errors, connections, handshakes, open, tokens: Math.max(0, Token.count - 1) };
  };
`;

describeKerberos('requests of many users to a back end', () => {
  let kdc: Kdc;
  let users: [string, string][];
  beforeAll(async () => {
    kdc = await startKdc();
    users = kdc.addUsers(userCount).map((principal) => [principal, kdc.ticketsOf(principal)]);
  });
  afterAll(() => kdc.stop());

  test(`1,000 of 100 users, over kept connections, arrive as their users, and nothing is left`, async () => {
    const [printed = ''] = await linesOf(
      `${setup(users)}
      // The threads, the libraries and the sockets of the first requests stay.
      const few = await run((tokens) => tokens.slice(0, 16).map((user) => [user, 1]));
      const before = await settledHandles();
      const result = await run((tokens) =>
        Array.from({ length: ${String(lanes)} }, () => tokens.map((user) => [user, ${String(perLane)}])).flat());
      const after = await settledHandles(before);
      print(JSON.stringify({ few, ...result, handles: Math.max(0, after - before) }));`,
      { env: kdc.env, execArgv: ['--expose-gc'] },
    );
    const none = { crossed: [], errors: [], open: 0, tokens: 0 };
    const { few, connections, handshakes, ...rest } = JSON.parse(printed) as Record<string, unknown>;
    expect(few).toEqual({ ...none, connections: 16, handshakes: 16 });
    expect(rest).toEqual({ ...none, handles: 0 });
    // Every connection has been authenticated once, and each lane of a user needs one at most.
    expect(handshakes).toBe(connections);
    expect(connections).toBeGreaterThanOrEqual(userCount);
    expect(connections).toBeLessThanOrEqual(userCount * lanes);
  });
});
