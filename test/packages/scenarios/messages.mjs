// Sessions, mail, workers and frameworks.
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { acting, listen, send } from '../http.mjs';

/** Starts a mail server that takes every message, and resolves to its port. */
async function fakeMail() {
  const server = net.createServer((socket) => {
    let [isData, received] = [false, ''];
    socket.on('error', () => {});
    socket.write('220 x\r\n');
    socket.setEncoding('utf8').on('data', (text) => {
      received += text;
      if (!received.endsWith(isData ? '\r\n.\r\n' : '\r\n')) return;
      isData = received.startsWith('DATA');
      received = '';
      socket.write(isData ? '354 x\r\n' : '250 x\r\n');
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return server.address().port;
}

export const scenarios = {
  ws: {
    versions: ['7', '8'],
    did: 'reads in the handlers of sockets that are bound by `token.bind(socket)`',
    async setup({ load, users }) {
      const { Server, WebSocketServer = Server } = await load();
      const server = http.createServer();
      new WebSocketServer({ server }).on('connection', (socket, { headers }) => {
        users.find(({ key }) => key === headers.user).token.bind(socket);
        socket.on('message', async (file) => {
          socket.send(await fs.promises.readFile(String(file), 'utf8').catch(({ code }) => code));
        });
      });
      return { port: await listen(server) };
    },
    async send({ file }, { made, user, load }) {
      const { WebSocket = await load() } = await load();
      const socket = new WebSocket(`ws://127.0.0.1:${made.port}`, { headers: { user: user.key } });
      await once(socket, 'open');
      socket.send(file);
      const [data] = await once(socket, 'message');
      socket.terminate();
      return String(data);
    },
  },
  nodemailer: {
    versions: ['7', '8'],
    did: 'sends mail with attached files by a pool of 1 connection',
    async setup({ load }) {
      const nodemailer = await load();
      const port = await fakeMail();
      return nodemailer.createTransport({
        host: '127.0.0.1',
        port,
        pool: true,
        maxConnections: 1,
        ignoreTLS: true,
      });
    },
    async work({ file, key }, { made }) {
      const attachments = [{ content: 'first', filename: 'first' }, { path: file }];
      await made.sendMail({ from: 'a@example.com', to: 'b@example.com', text: 'x', attachments });
      return `sent file-of-${key}`;
    },
  },
  piscina: {
    versions: ['4', '5'],
    did: 'reads in the workers of a pool that was made outside of flows',
    advice:
      'workers act as the process: share the token with the task, as [workers](workers.md) shows, or use an `ImpersonatedWorker`',
    asProcess: true,
    async setup({ load }) {
      const { Piscina, default: main = Piscina } = await load();
      return new main({ filename: fileURLToPath(new URL('../read.cjs', import.meta.url)), maxThreads: 1 });
    },
    work: ({ file }, { made }) => made.run(file),
  },
  nest: {
    title: 'NestJS',
    versions: ['10', '11'],
    did: 'serves files by a controller with `StreamableFile`, with `app.use(actAs(...).express)`',
    async setup(context) {
      const nest = await context.load();
      const root = path.dirname(context.folder);
      class Files {
        async get(name, file) {
          return new nest.StreamableFile(await fs.promises.readFile(path.join(root, name, file)));
        }
      }
      const at = (target) => Object.getOwnPropertyDescriptor(target, 'get');
      nest.Controller()(Files);
      nest.Get(':name/:file')(Files.prototype, 'get', at(Files.prototype));
      nest.Param('name')(Files.prototype, 'get', 0);
      nest.Param('file')(Files.prototype, 'get', 1);
      class App {}
      nest.Module({ controllers: [Files] })(App);
      const app = await nest.NestFactory.create(App, { logger: false });
      app.use(acting(context).express);
      await app.listen(0, '127.0.0.1');
      return { port: app.getHttpServer().address().port };
    },
    send: ({ key, file }, { made, user }) => send({ ...made, user, path: `/${key}/${path.basename(file)}` }),
  },
};
