import { linesOf } from '../support/children/child';
import { delegatedSource } from '../support/linux/delegated';
import { describeKerberos, startKdc, type Kdc } from '../support/linux/kdc';
import { cert, key } from '../support/network/certificate';
import { httpProduct } from '../support/paths';

/**
 * A front end, whose handler passes each request on to a back end as its user. Both authenticate by Kerberos, the back end
 * over TLS and only with its channel bindings. send: sends a request with a
 * user's message to the front end.
 */
const setup = (tickets: string): string => `
  const http = require('node:http');
  const https = require('node:https');
  const { once } = require('node:events');
  ${delegatedSource(tickets)}
  const { authenticate, createNegotiateFetch, NegotiateAgent } = require(${JSON.stringify(httpProduct)});
  const { cert, key } = ${JSON.stringify({ cert, key })};
  const nameOf = (id) => (id === world.alice.id ? 'alice' : id === world.bob.id ? 'bob' : id);
  const crossed = new Map();
  const onError = (error) => print([error.code, error.message, error.cause?.code].join());
  const secure = new NegotiateServer({ extendedProtection: 'require' });
  const backEnd = https.createServer({ cert, key }, authenticate(secure, async (request, response) => {
    const user = nameOf(request.token.user.id);
    crossed.set(request.socket, (crossed.get(request.socket) ?? new Set()).add(user));
    let body = '';
    for await (const part of request) body += part;
    response.end(user + body);
  }, { onError }));
  const open = async (server) => (await once(server.listen(0, 'localhost'), 'listening'), server.address().port);
  const url = 'https://localhost:' + (await open(backEnd));
  const options = { client: new NegotiateClient(), origins: [url], tls: { ca: cert } };
  const negotiateFetch = createNegotiateFetch(options);
  const frontEnd = http.createServer(authenticate(new NegotiateServer(), async (request, response) => {
    const answer = await negotiateFetch(url, { method: 'POST', body: ' ' + nameOf(request.token.user.id) });
    response.end(await answer.text());
  }, { onError, persist: 'request' }));
  const port = await open(frontEnd);
  const encoded = async (user, delegate) => (await messageOf(user, delegate)).toString('base64');
  const send = async (message) => {
    const headers = { authorization: 'Negotiate ' + message };
    const response = await fetch('http://localhost:' + port, { headers });
    return response.status + ' ' + (await response.text());
  };
`;

const teardown = `
  await negotiateFetch.close();
  for (const server of [frontEnd, backEnd]) server.close().closeAllConnections();`;

describeKerberos('a request that is passed on to a back end over HTTP', () => {
  let kdc: Kdc;
  beforeAll(async () => {
    kdc = await startKdc();
  });
  afterAll(() => kdc.stop());

  const lines = (source: string): Promise<string[]> =>
    linesOf(setup(kdc.ticketsOf('alice')) + source + teardown, { env: kdc.env });

  test('arrives as its user, by the forwarded ticket, and no connection has two users', async () => {
    const printed = await lines(`
      const users = Array.from({ length: 24 }, (_, i) => (i % 3 ? 'alice' : 'bob'));
      const messages = [];
      for (const user of users) messages.push(await encoded(user, true));
      const answers = await Promise.all(messages.map(send));
      print(answers.every((answer, i) => answer === '200 ' + users[i] + ' ' + users[i]));
      print([...crossed.values()].every((names) => names.size === 1) && crossed.size > 1);
      print([options.client.handshakes, secure.handshakes].join());`);
    expect(printed).toEqual(['true', 'true', '0,0']);
  });

  test('arrives through an agent, preemptively, too', async () => {
    const printed = await lines(`
      const agent = new NegotiateAgent({ ...options, preemptive: true });
      process.env.KRB5CCNAME = ${JSON.stringify(kdc.ticketsOf('bob'))};
      const response = await new Promise((resolve, reject) => {
        https.request(url, { agent, method: 'PUT' }, resolve).on('error', reject).end(' body');
      });
      let text = '';
      for await (const part of response) text += part;
      print(text);
      await agent.close();`);
    expect(printed).toEqual(['bob body']);
  });

  test('fails for a user who has not forwarded a ticket', async () => {
    const printed = await lines(`print(await send(await encoded('alice', false)));`);
    expect(printed).toEqual([',fetch failed,ERR_NOT_DELEGATED', '500 ']);
  });
});
