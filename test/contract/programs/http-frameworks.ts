// http-frameworks.js FOLDER: sends requests to servers made with node:http, Express, Fastify and Koa, whose code runs long
// after the handler was called, as two users at once, and prints what each did and its effective identity.
import { once } from 'node:events';
import nodeFs from 'node:fs';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { Readable, Transform, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import busboy from 'busboy';
import express from 'express';
import fastify from 'fastify';
import Koa from 'koa';
import { Token, runSync } from 'impersonate';
import * as fs from 'impersonate/fs';
import {
  authenticate,
  expressAuthentication,
  fastifyAuthentication,
  koaAuthentication,
} from 'impersonate/http';
import { Client, listen } from '../../support/network/http-client';
import { TestNegotiator } from '../../support/network/negotiator';
import { world } from '../../support/world/world';

const folder = process.argv[2] ?? '';
const users = [world.alice, world.bob];
const fileOf = (key: string): string => path.join(folder, key);
const servers: { readonly name: string; readonly port: number; close(): unknown }[] = [];
const negotiator = new TestNegotiator();

/** Returns the users whose files the running code may open, by the kernel; the code of the error outside every flow. */
function me(): string {
  try {
    return runSync(() => users.filter((who) => world.canOpen(who)).map((who) => who.key)).join();
  } catch (error) {
    return (error as { code: string }).code;
  }
}

/** The outcome of opening the user's file and the other one's as the running code. */
async function files(): Promise<string> {
  const read = (key: string): Promise<string> =>
    fs
      .readFile(fileOf(key), 'utf8')
      .catch((error: unknown) => (error as { code: string }).code.replace('EPERM', 'EACCES'));
  return (await Promise.all([read('alice'), read('bob')])).join('/');
}

/** A stream of parts with the effective identity of each read, with delays between them. */
function lazy(parts = 3): Readable {
  return Readable.from(
    (async function* () {
      for (let part = 0; part < parts; part++) {
        yield `${me()} `;
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    })(),
  );
}

const upperCase = (): Transform =>
  new Transform({
    transform(_chunk: Buffer, _encoding, done) {
      done(null, `${me()} `);
    },
  });

/** All ways of node:http to call back: each path returns the identity. */
async function listeners(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const seen: string[] = [me()];
  const see = (): unknown => seen.push(me());
  if (request.url === '/events') {
    request.on('data', see).on('end', see).on('close', see);
    response.on('finish', see).on('drain', see);
    request.resume();
    await once(request, 'end');
    response.write('x'.repeat(200_000), see);
    response.on('close', () => {
      see();
      later.push([...new Set(seen)].join());
    });
    response.end(await files(), see);
    return;
  }
  if (request.url === '/pipeline') {
    await pipeline(request, upperCase(), response);
    return;
  }
  if (request.url === '/sink') {
    const sink = new Writable({
      write(_chunk, _encoding, done) {
        see();
        setTimeout(done, 1);
      },
    });
    await pipeline(request, sink);
    response.end([...new Set(seen)].join());
    return;
  }
  await pipeline(lazy(20), response);
}
/** The identities seen after the response. */
const later: string[] = [];

async function startNode(): Promise<void> {
  const server = http.createServer(authenticate(negotiator, listeners));
  servers.push({ name: 'node', port: await listen(server), close: () => server.close() });
}

async function startExpress(): Promise<void> {
  const app = express();
  const authentication = expressAuthentication(negotiator);
  app.use(authentication);
  app.use('/twice', authentication);
  app.post('/json', express.json(), async (request, response) => {
    response.send(`${me()} ${JSON.stringify(request.body)} ${await files()}`);
  });
  app.post('/upload', (request, response) => {
    const seen = new Set<string>();
    const form = busboy({ headers: request.headers });
    form.on('file', (_name, file) => {
      file.on('data', () => seen.add(me())).on('end', () => seen.add(me()));
    });
    form.on('close', () => response.send([...seen, me()].join()));
    request.pipe(form);
  });
  app.get('/file', (request, response) => {
    response.send(String(request.token === Token.current()));
  });
  app.get('/twice', (_request, response) => {
    response.send(me());
  });
  app.get('/fails', () => {
    throw new Error('mine');
  });
  app.use((error: Error, _request: express.Request, response: express.Response, _next: () => void) => {
    response.status(418).send(`${error.message} ${me()}`);
  });
  const server = http.createServer(app);
  servers.push({ name: 'express', port: await listen(server), close: () => server.close() });
}

async function startFastify(): Promise<void> {
  const app = fastify();
  const seen = new WeakMap<IncomingMessage, string[]>();
  const see = (request: { raw: IncomingMessage }): void => {
    seen.set(request.raw, [...(seen.get(request.raw) ?? []), me()]);
  };
  app.addHook('onRequest', fastifyAuthentication(negotiator));
  app.addHook('preParsing', (request, _reply, payload, done) => {
    see(request);
    done(null, payload);
  });
  app.addHook('preValidation', async (request) => {
    see(request);
    await Promise.resolve();
  });
  app.addHook('preHandler', (request, _reply, done) => {
    see(request);
    done();
  });
  app.addHook('onSend', (request, _reply, payload, done) => {
    see(request);
    done(null, payload);
  });
  app.addHook('onResponse', async (request) => {
    see(request);
    later.push([...new Set(seen.get(request.raw))].join());
    await Promise.resolve();
  });
  app.post('/json', async (request) => {
    const own = request.token === Token.current();
    return `${me()} ${JSON.stringify(request.body)} ${await files()} ${String(own)}`;
  });
  app.get('/stream', (_request, reply) => {
    void reply.send(lazy());
  });
  app.get('/fails', () => Promise.reject(new Error(me())));
  await app.listen({ port: 0, host: '127.0.0.1' });
  servers.push({
    name: 'fastify',
    port: (app.server.address() as AddressInfo).port,
    close: () => app.close(),
  });
}

async function startKoa(): Promise<void> {
  const app = new Koa();
  app.silent = true;
  app.use(koaAuthentication(negotiator));
  app.use(async (context) => {
    switch (context.path) {
      case '/body': {
        const parts: Buffer[] = [];
        const seen = new Set<string>();
        context.req.on('data', (part: Buffer) => {
          seen.add(me());
          parts.push(part);
        });
        await once(context.req, 'end');
        const own = context.state.token === Token.current();
        context.body = `${[...seen, me()].join()} ${Buffer.concat(parts).toString()} ${await files()} ${String(own)}`;
        return;
      }
      case '/stream':
        context.body = lazy();
        return;
      case '/web':
        context.body = Readable.toWeb(lazy());
        return;
      case '/response':
        context.body = new Response(Readable.toWeb(lazy()) as ReadableStream);
        return;
      case '/pull':
        context.body = new ReadableStream(
          {
            pull(controller) {
              controller.enqueue(Buffer.from(me()));
              controller.close();
            },
          },
          { highWaterMark: 0 },
        );
        return;
      case '/fails':
        context.throw(418, me());
    }
  });
  const listener = app.callback();
  const server = http.createServer((request, response) => void listener(request, response));
  servers.push({ name: 'koa', port: await listen(server), close: () => server.close() });
}

const form = [
  '--edge\r\nContent-Disposition: form-data; name="file"; filename="name"\r\n\r\n',
  `${'x'.repeat(100_000)}\r\n--edge--\r\n`,
].join('');
const large = 'x'.repeat(200_000);
const json = { method: 'POST', body: '{"a":1}', headers: { 'content-type': 'application/json' } };

const requests = {
  node: [
    { path: '/events', method: 'POST', body: large },
    { path: '/pipeline', method: 'POST', body: large },
    { path: '/sink', method: 'POST', body: large },
    { path: '/lazy' },
  ],
  express: [
    { path: '/json', ...json },
    {
      path: '/upload',
      method: 'POST',
      body: form,
      headers: { 'content-type': 'multipart/form-data; boundary=edge' },
    },
    { path: '/file' },
    { path: '/twice' },
    { path: '/fails' },
  ],
  fastify: [{ path: '/json', ...json }, { path: '/stream' }, { path: '/fails' }],
  koa: [
    { path: '/body', method: 'POST', body: 'text' },
    { path: '/stream' },
    { path: '/web' },
    { path: '/response' },
    { path: '/pull' },
    { path: '/fails' },
  ],
};

async function main(): Promise<void> {
  for (const who of users) {
    nodeFs.writeFileSync(fileOf(who.key), `of ${who.key}`);
    world.own(fileOf(who.key), who);
  }
  for (const start of [startNode, startExpress, startFastify, startKoa]) await start();
  for (const { name, port, close } of servers) {
    const sendAll = async (user: string): Promise<string[]> => {
      const client = new Client(port);
      const lines = [`${name} ${String((await client.send()).status)}`];
      for (const [index, request] of requests[name as keyof typeof requests].entries()) {
        const { status, body } = index === 0 ? await client.logon(user, request) : await client.send(request);
        const words = body.replace(/x{9,}/, '').trim().split(' ');
        const short = words.every((word) => word === words[0]) ? (words[0] ?? '') : words.join(' ');
        lines.push(`${name} ${request.path} ${String(status)} ${short}`);
      }
      lines.push(`${name} connections ${String(client.connections.size)}`);
      client.close();
      return lines;
    };
    const [alice = [], bob = []] = await Promise.all(users.map((who) => sendAll(who.key)));
    for (const line of alice) console.log(line);
    for (const line of bob) console.log(line);
    close();
  }
  // The end of a response comes after the client has received it.
  await new Promise((resolve) => setTimeout(resolve, 50));
  console.log(`later ${later.sort().join(' ')}`);
}

void main();
