import { createServer, type Server } from 'node:http';
import { setImmediate as immediate } from 'node:timers/promises';
import { NegotiateServer, runSync, type Token } from 'impersonate';
import { authenticate, type Negotiator } from 'impersonate/http';
import { Client, listen } from '../support/network/http-client';
import { clientHello, clientProof, seam, serverChallenge } from '../support/win32/seam';
import { describeSwitching } from '../support/world/acting';
import { TestNegotiator } from '../support/network/negotiator';
import { world } from '../support/world/world';

type Key = 'alice' | 'bob';
const isWindows = process.platform === 'win32';
const clientsOfEach = 5;
const rounds = 100;

/** The user by the kernel, whatever the token is. */
const whoMayOpen = (): string =>
  [world.alice, world.bob]
    .filter((who) => world.canOpen(who))
    .map((who) => who.key)
    .join();

interface Scenario {
  readonly negotiator: Negotiator;
  /** Authenticates on the client's connection, in one or two messages. */
  prove(client: Client, key: Key, messages: number): Promise<unknown>;
  /** The resources that the negotiator still holds. */
  left(): unknown;
}

const made: [string, () => Scenario][] = [
  [
    'a negotiator of the tests',
    () => {
      const negotiator = new TestNegotiator();
      return {
        negotiator,
        prove: (client, key, messages) =>
          messages === 1 ? client.send({ message: `i am ${key}` }) : client.logon(key),
        left: () => negotiator.open.size,
      };
    },
  ],
];
if (isWindows) {
  made.push([
    'a NegotiateServer',
    () => {
      const negotiator = new NegotiateServer();
      return {
        negotiator,
        async prove(client, key, messages) {
          if (messages === 2) {
            const { challenge } = await client.send({ message: clientHello.toString() });
            expect(challenge).toBe(`Negotiate ${serverChallenge.toString()}`);
          }
          return client.send({ message: clientProof(`${key}@SEAM`, key).toString() });
        },
        left() {
          const under = negotiator.handshakes;
          negotiator.close();
          const { credentials, contexts, contextBuffers } = seam().outstanding();
          return under + credentials + contexts + contextBuffers;
        },
      };
    },
  ]);
}

async function serve(negotiator: Negotiator): Promise<{ server: Server; port: number; tokens: Token[] }> {
  const tokens: Token[] = [];
  const listener = authenticate(negotiator, async (request, response) => {
    tokens.push(request.token);
    for (let i = 0; i < tokens.length % 4; i++) await immediate();
    const first = runSync(whoMayOpen);
    request.resume().once('end', () => {
      response.end(`${first} ${runSync(whoMayOpen)}`);
    });
  });
  const server = createServer(listener);
  return { server, port: await listen(server), tokens };
}

describeSwitching('a thousand requests of two users', () => {
  test.each(made)('run as their senders, over keep-alive connections, by %s', async (_name, make) => {
    const { negotiator, prove, left } = make();
    const { server, port, tokens } = await serve(negotiator);
    const clients = Array.from(
      { length: 2 * clientsOfEach },
      (_, index): { key: Key; messages: number; client: Client } => ({
        key: index % 2 === 0 ? 'alice' : 'bob',
        messages: index % 3 === 0 ? 1 : 2,
        client: new Client(port),
      }),
    );
    try {
      await Promise.all(clients.map(({ client, key, messages }) => prove(client, key, messages)));
      const wrong: string[] = [];
      for (let round = 0; round < rounds; round++) {
        const replies = clients.map(async ({ client, key }) => {
          const { body } = await client.send();
          if (body !== `${key} ${key}`) wrong.push(`${key} was ${body}`);
        });
        await Promise.all(replies);
      }
      expect(wrong).toEqual([]);
      expect(tokens).toHaveLength(clients.length * (rounds + 1));
      expect(clients.map(({ client }) => client.connections.size)).toEqual(clients.map(() => 1));
    } finally {
      for (const { client } of clients) client.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
    while (tokens.some((token) => !token.closed)) await immediate();
    expect(left()).toBe(0);
  });
});
