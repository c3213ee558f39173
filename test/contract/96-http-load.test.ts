import { createServer, type Server } from 'node:http';
import { setImmediate as turn } from 'node:timers/promises';
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

/** By the kernel's word, whoever the token says it is. */
const whoMayOpen = (): string =>
  [world.alice, world.bob]
    .filter((who) => world.canOpen(who))
    .map((who) => who.key)
    .join();

interface Scenario {
  readonly negotiator: Negotiator;
  /** Proves who it is on the client's connection, in so many legs. */
  prove(client: Client, key: Key, legs: number): Promise<unknown>;
  /** What the negotiator has not got back. */
  left(): unknown;
}

const made: [string, () => Scenario][] = [
  [
    'a negotiator of the tests',
    () => {
      const negotiator = new TestNegotiator();
      return {
        negotiator,
        prove: (client, key, legs) => (legs === 1 ? client.ask({ leg: `i am ${key}` }) : client.logon(key)),
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
        async prove(client, key, legs) {
          if (legs === 2) {
            const { challenge } = await client.ask({ leg: clientHello.toString() });
            expect(challenge).toBe(`Negotiate ${serverChallenge.toString()}`);
          }
          return client.ask({ leg: clientProof(`${key}@SEAM`, key).toString() });
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
    for (let i = 0; i < tokens.length % 4; i++) await turn();
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
      (_, index): { key: Key; legs: number; client: Client } => ({
        key: index % 2 === 0 ? 'alice' : 'bob',
        legs: index % 3 === 0 ? 1 : 2,
        client: new Client(port),
      }),
    );
    try {
      await Promise.all(clients.map(({ client, key, legs }) => prove(client, key, legs)));
      const wrong: string[] = [];
      for (let round = 0; round < rounds; round++) {
        const answers = clients.map(async ({ client, key }) => {
          const { body } = await client.ask();
          if (body !== `${key} ${key}`) wrong.push(`${key} was ${body}`);
        });
        await Promise.all(answers);
      }
      expect(wrong).toEqual([]);
      expect(tokens).toHaveLength(clients.length * (rounds + 1));
      expect(clients.map(({ client }) => client.connections.size)).toEqual(clients.map(() => 1));
    } finally {
      for (const { client } of clients) client.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
    while (tokens.some((token) => !token.closed)) await turn();
    expect(left()).toBe(0);
  });
});
