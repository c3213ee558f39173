import { once } from 'node:events';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import net, { type Socket } from 'node:net';
import type { Express } from 'express';
import type { FastifyInstance } from 'fastify';
import type Koa from 'koa';
import { connectPeer, Token } from 'impersonate';
import type { HandshakeStep } from 'impersonate';
import { listen } from '../network/http-client';
import { TestClient } from '../network/back-end';
import { TestNegotiator } from '../network/negotiator';
import { newAddress } from '../network/peers';
import { accountOf, world } from '../world/world';

/** What examples use without a declaration: docs/api/README.md lists it. */
export interface Names {
  readonly token: Token;
  readonly password: string;
  readonly app: Express;
  readonly fastify: FastifyInstance;
  readonly koa: Koa;
  readonly nest: {
    use(middleware: unknown): void;
    useGlobalGuards(...guards: object[]): void;
    useGlobalInterceptors(...interceptors: object[]): void;
  };
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly socket: Socket;
  readonly message: Buffer;
  exchange(message: Buffer | undefined): Promise<Buffer>;
  readonly handle: bigint;
}

type Ends = (() => unknown)[];

/** A request of a client that sends a few bytes, and its response. */
async function exchangeOfHttp(ends: Ends): Promise<Pick<Names, 'request' | 'response'>> {
  const server = http.createServer();
  const port = await listen(server);
  const client = http.request({ port, host: '127.0.0.1', method: 'POST' }).on('error', () => {});
  client.end('bytes');
  const [request, response] = (await once(server, 'request')) as [IncomingMessage, ServerResponse];
  ends.push(() => {
    client.destroy();
    server.close();
  });
  return { request, response };
}

/** An accepted connection of a local client, which sends the name of a file. */
async function connection(ends: Ends): Promise<Socket> {
  const server = net.createServer();
  const address = newAddress();
  server.listen({ path: address, readableAll: true, writableAll: true });
  await once(server, 'listening');
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const client = (await connectPeer(address)).on('error', () => {});
  client.write('report.txt');
  const [socket] = await accepted;
  ends.push(() => {
    client.destroy();
    socket.destroy();
    server.close();
  });
  return socket;
}

const nest: Names['nest'] = { use: () => {}, useGlobalGuards: () => {}, useGlobalInterceptors: () => {} };

/** How each name is made. */
const makers: { readonly [K in keyof Names]: (ends: Ends) => Names[K] | Promise<Names[K]> } = {
  token: async (ends) => {
    const token = await Token.forUser(accountOf(world.alice));
    ends.push(() => token.close());
    return token;
  },
  password: () => world.alice.password,
  app: () => (require('express') as () => Express)(),
  fastify: () => (require('fastify') as () => FastifyInstance)(),
  koa: () => new (require('koa') as new () => Koa)(),
  nest: () => nest,
  request: async (ends) => (await exchangeOfHttp(ends)).request,
  response: async (ends) => (await exchangeOfHttp(ends)).response,
  socket: connection,
  message: () => Buffer.from('i am alice'),
  exchange: () => (message) => Promise.resolve(Buffer.from(String(message).replace(/^i am/, 'welcome'))),
  handle: () => {
    const { mint } = world.alice as unknown as { mint(): bigint };
    return mint();
  },
};

/** Makes the names, and what ends them. */
export async function makeNames(wanted: readonly string[]): Promise<[Partial<Names>, () => Promise<void>]> {
  const ends: Ends = [];
  const made: Record<string, unknown> = {};
  for (const name of wanted) made[name] = await makers[name as keyof Names](ends);
  const end = async (): Promise<void> => {
    for (const one of ends.splice(0).reverse()) await one();
  };
  return [made, end];
}

/** A server of the test's scheme, which needs no domain. */
export class NegotiateServer extends TestNegotiator {
  close(): void {
    for (const handshake of this.open) handshake.close();
  }
  override handshake(): ReturnType<TestNegotiator['handshake']> & Disposable {
    const made = super.handshake();
    const step = (message: Uint8Array): Promise<HandshakeStep> => made.step(message);
    return { step, close: () => made.close(), [Symbol.dispose]: () => made.close() };
  }
}

/** A client of the test's scheme. */
export class NegotiateClient extends TestClient {
  close(): void {
    for (const handshake of this.open) handshake.close();
  }
  override handshake(
    options: Parameters<TestClient['handshake']>[0],
  ): ReturnType<TestClient['handshake']> & Disposable {
    const made = super.handshake(options);
    return Object.assign(made, { [Symbol.dispose]: () => made.close() });
  }
}
