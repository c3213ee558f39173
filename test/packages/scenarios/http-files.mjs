// Servers that send files.
import { once } from 'node:events';
import net from 'node:net';
import path from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { acting, listen, send } from '../http.mjs';

const rootOf = ({ folder }) => path.dirname(folder);
const pathOf = ({ key, file }) => `/${key}/${path.basename(file)}`;
/** Requests the file of the target as the user. */
const get = (target, { made, user }) => send({ ...made, user, path: pathOf(target) });
/** Middleware of Connect under node:http, after actAs. */
const serveConnect = async (context, middleware) => ({
  port: await listen(
    acting(context).node((request, response) =>
      middleware(request, response, (error) => {
        response.statusCode = error?.status ?? 404;
        response.end(error?.code);
      }),
    ),
  ),
});

/** Reads a file by FTP. */
async function retrieve(port, user, file) {
  const control = net.connect(port, '127.0.0.1');
  const replies = createInterface({ input: control })[Symbol.asyncIterator]();
  const ask = async (command) => {
    if (command) control.write(`${command}\r\n`);
    const { value = '' } = await replies.next();
    if (!/^[123]/.test(value)) throw Object.assign(new Error(value), { code: value.slice(0, 3) });
    return value;
  };
  try {
    for (const command of ['', `USER ${user}`, 'PASS x', 'TYPE I']) await ask(command);
    const [, high, low] = /,(\d+),(\d+)\)/.exec(await ask('PASV'));
    const data = net.connect(high * 256 + Number(low), '127.0.0.1');
    let text = '';
    data.setEncoding('utf8').on('data', (part) => (text += part));
    const end = once(data, 'close').catch(() => {});
    try {
      await ask(`RETR ${file}`);
      await end;
    } finally {
      data.destroy();
    }
    return text;
  } finally {
    control.destroy();
  }
}

export const scenarios = {
  express: {
    versions: ['4', '5'],
    did: 'serves files by `express.static` and `response.sendFile`',
    async setup(context) {
      const express = await context.load();
      const app = express();
      app.use(acting(context).express);
      app.use('/static', express.static(rootOf(context)));
      app.use('/sent', (request, response) => response.sendFile(path.join(rootOf(context), request.url)));
      app.use((_error, _request, response, _next) => response.status(500).end());
      return { port: await listen(app) };
    },
    send(target, { made, user, n }) {
      return send({ ...made, user, path: (n % 3 ? '/static' : '/sent') + pathOf(target) });
    },
  },
  'serve-static': {
    versions: ['1', '2'],
    did: 'serves files under node:http',
    setup: async (context) => serveConnect(context, (await context.load())(rootOf(context))),
    send: get,
  },
  sirv: {
    versions: ['2', '3'],
    did: 'serves files with `dev: true`',
    advice: 'without `dev` it lists its folder once, when it is made, and opens the files in the flow',
    setup: async (context) => serveConnect(context, (await context.load())(rootOf(context), { dev: true })),
    send: get,
  },
  '@fastify/static': {
    versions: ['8', '10'],
    did: 'serves files',
    advice: 'set `cacheControl: false` there, so that responses keep `Cache-Control: private`',
    async setup(context) {
      const fastify = await context.load('fastify-5');
      const app = fastify();
      app.addHook('onRequest', acting(context).fastify);
      const plugin = await context.load();
      app.register(plugin.default ?? plugin, { root: rootOf(context), cacheControl: false });
      await app.listen({ port: 0, host: '127.0.0.1' });
      return { port: app.server.address().port };
    },
    send: get,
  },
  'koa-send': {
    versions: ['4', '5'],
    did: 'serves files, with Koa 2 and 3',
    async setup(context) {
      const Koa = await context.load(context.version === '4' ? 'koa-2' : 'koa-3');
      const sendFile = await context.load();
      const app = new (Koa.default ?? Koa)();
      app.silent = true;
      app.use(acting(context).koa);
      app.use((koa) => sendFile(koa, koa.path, { root: rootOf(context) }));
      return { port: await listen(app.callback()) };
    },
    send: get,
  },
  'ftp-srv': {
    versions: ['3', '4'],
    atOnce: 1,
    did: 'reads by RETR in sessions that are bound by `token.bind(connection)`',
    async setup(context) {
      const Server = await context.load();
      const port = 20_000 + (process.pid % 20_000);
      const options = { url: `ftp://127.0.0.1:${port}`, pasv_url: '127.0.0.1', pasv_min: port + 1 };
      const server = new Server(options);
      server.on('login', ({ connection, username }, resolve) => {
        const { token } = context.users.find(({ key }) => key === username);
        token.bind(connection.commandSocket);
        resolve({ root: rootOf(context) });
      });
      await server.listen();
      return { port };
    },
    send: (target, { made, user }) => retrieve(made.port, user.key, pathOf(target)),
  },
  'webdav-server': {
    versions: ['1', '2'],
    did: 'reads by GET from a physical folder; 1 in a flow of `beforeRequest`, 2 behind actAs',
    async setup(context) {
      const { v2, ...v1 } = await context.load();
      const root = rootOf(context);
      if (v2) {
        const server = new v2.WebDAVServer({ rootFileSystem: new v2.PhysicalFileSystem(root) });
        return {
          port: await listen(acting(context).node((...exchange) => server.executeRequest(...exchange))),
        };
      }
      const server = new v1.WebDAVServer({ port: 0, hostname: '127.0.0.1' });
      server.rootResource.addChild(new v1.PhysicalGateway(root), () => {});
      server.beforeRequest(({ request }, next) =>
        context.users.find(({ key }) => key === request.headers.user).token.run(next),
      );
      const { promise, resolve } = Promise.withResolvers();
      server.start(resolve);
      return { port: (await promise).address().port, root: `/${path.basename(root)}` };
    },
    send: (target, { made, user }) => send({ ...made, user, path: (made.root ?? '') + pathOf(target) }),
  },
};
