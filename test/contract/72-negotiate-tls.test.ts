import { createHash, X509Certificate } from 'node:crypto';
import http2 from 'node:http2';
import { createNegotiateFetch, type Negotiator } from 'impersonate/http';
import { linesOf } from '../support/children/child';
import { until } from '../support/children/progress';
import { rejected } from '../support/errors';
import { BackEnd, type BackEndOptions, TestClient } from '../support/network/back-end';
import { cert, key } from '../support/network/certificate';
import { listen } from '../support/network/http-client';
import { TestNegotiator } from '../support/network/negotiator';
import { httpProduct } from '../support/paths';
import { alice, describeSwitching, freshTokens } from '../support/world/acting';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function backEnd(
  options: BackEndOptions,
  handler?: Parameters<typeof BackEnd.start>[1],
): Promise<BackEnd> {
  const started = await BackEnd.start(options, handler);
  ends.push(() => started.stop());
  return started;
}

const tls = { key, cert };
const causeOf = async (response: Promise<unknown>): Promise<string> =>
  ((await rejected(response)) as { cause?: Error }).cause?.message ?? '';

describeSwitching('outgoing Integrated Authentication over TLS', () => {
  freshTokens();

  test('both sides have the channel bindings of the connection', async () => {
    const inner = new TestNegotiator();
    const seen: unknown[] = [];
    const negotiator: Negotiator = {
      scheme: 'Negotiate',
      handshake(options) {
        seen.push(options?.channelBindings);
        return inner.handshake();
      },
    };
    const server = await backEnd({ tls, negotiator });
    const plain = await backEnd({ negotiator });
    const client = new TestClient();
    const origins = [server.origin, plain.origin];
    await using negotiateFetch = createNegotiateFetch({ client, origins, tls: { ca: cert } });
    for (const { origin } of [server, plain])
      expect(await alice.run(async () => (await negotiateFetch(origin)).text())).toBe('alice');
    const digest = createHash('sha384').update(new X509Certificate(cert).raw).digest();
    const bindings = Buffer.concat([Buffer.from('tls-server-end-point:'), digest]);
    expect(client.begun).toEqual([
      { target: 'HTTP/localhost', delegate: false, channelBindings: bindings },
      { target: 'HTTP/127.0.0.1', delegate: false },
    ]);
    expect(seen).toEqual([bindings, undefined]);
  });

  test('offers HTTP/1.1 only, and does not talk to a server of HTTP/2', async () => {
    const protocols: unknown[] = [];
    const negotiator = new TestNegotiator();
    const both = { ...tls, ALPNProtocols: ['h2', 'http/1.1'] };
    const server = await backEnd({ tls: both, negotiator }, (request, response) => {
      protocols.push(Reflect.get(request.socket, 'alpnProtocol'));
      response.end();
    });
    await using negotiateFetch = createNegotiateFetch({
      client: new TestClient(),
      origins: () => true,
      tls: { ca: cert },
    });
    expect((await alice.run(() => negotiateFetch(server.origin))).status).toBe(200);
    expect(protocols).toEqual(['http/1.1']);

    let streams = 0;
    const modern = http2.createSecureServer({ ...tls, allowHTTP1: false }, () => streams++);
    const origin = `https://localhost:${String(await listen(modern))}`;
    ends.push(() => modern.close());
    const client = new TestClient();
    await using another = createNegotiateFetch({
      client,
      origins: [origin],
      tls: { ca: cert },
      preemptive: true,
    });
    expect(await causeOf(alice.run(() => another(origin)))).not.toBe('');
    expect([streams, client.open.size]).toEqual([0, 0]);
  });

  test('verifies the server whatever the environment has set, before it sends anything', async () => {
    const server = await backEnd({ tls });
    const ask = (origin: string, options: object): Promise<string[]> =>
      linesOf(
        `const { createNegotiateFetch } = require(${JSON.stringify(httpProduct)});
        const client = { scheme: 'Negotiate', handshake() { print('a handshake'); } };
        const options = { client, origins: () => true, preemptive: true, ...${JSON.stringify(options)} };
        await createNegotiateFetch(options)(${JSON.stringify(origin)}).catch((error) => print(error.cause.code));`,
        { env: { ...process.env, NODE_TLS_REJECT_UNAUTHORIZED: '0' }, execArgv: ['--no-warnings'] },
      );
    expect(await ask(server.origin, {})).toEqual(['DEPTH_ZERO_SELF_SIGNED_CERT']);
    expect(server.lines).toEqual([]);
  });

  test('a redirect from TLS to none carries nothing', async () => {
    const plain = await backEnd({});
    const server = await backEnd({ tls }, (_request, response) => {
      response.writeHead(302, { location: plain.origin }).end();
    });
    const client = new TestClient();
    await using negotiateFetch = createNegotiateFetch({
      client,
      origins: [server.origin, plain.origin],
      tls: { ca: cert },
    });
    expect((await alice.run(() => negotiateFetch(server.origin))).status).toBe(401);
    expect(plain.lines).toEqual(['GET / -']);
    await until(() => client.open.size === 0);
    expect(client.begun.length).toBe(1);
  });
});
