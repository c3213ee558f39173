// Forked: node server.mjs KIND. Sends the port that it listens on.
import { once } from 'node:events';
import http from 'node:http';
import path from 'node:path';
import process from 'node:process';
import serveStatic from 'serve-static';
import { impersonateFs, nodeFs, unroute } from '../product.mjs';
import { openWorld } from '../world/index.mjs';

const { alice, readable } = await openWorld();
const token = await alice.token();
const served = serveStatic(path.dirname(readable), { index: false });
const serve = (request, response) =>
  served(request, response, (error) => response.writeHead(error ? 500 : 404).end());

const handlers = {
  plain: async (response) => response.end('done'),
  flow: (response) => token.run(async () => response.end('done')),
  'plain read': async (response) => response.end(await nodeFs.promises.readFile(readable)),
  'flow read': (response) => token.run(async () => response.end(await impersonateFs.readFile(readable))),
  static: async (response, request) => serve(request, response),
  'static unrouted': async (response, request) => serve(request, response),
  'static in a flow': (response, request) => token.run(async () => serve(request, response)),
};

const kind = process.argv[2];
if (kind === 'static unrouted') unroute();
const handler = handlers[kind];
const server = http.createServer((request, response) => {
  handler(response, request).catch((error) => response.writeHead(500).end(error.message));
});
await once(server.listen(0, '127.0.0.1'), 'listening');
process.send(server.address().port);
process.on('disconnect', () => process.exit(0));
