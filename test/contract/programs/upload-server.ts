// upload-server.js FOLDER: an Express server whose users upload files with multer, formidable, express-fileupload and
// busboy, query a database with pg, and read files with serve-static. Its only use of impersonation is `token.run`.
// Prints its port; ends with its input.
// Before the packages, so that they use the functions that act as the user.
import { runSync, withoutToken, type Token } from 'impersonate';
import { once } from 'node:events';
import nodeFs from 'node:fs';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import path from 'node:path';
import { finished } from 'node:stream/promises';
import busboy from 'busboy';
import express, { type Request } from 'express';
import fileUpload, { type UploadedFile } from 'express-fileupload';
import formidable from 'formidable';
import multer from 'multer';
import pg from 'pg';
import serveStatic from 'serve-static';
import { world } from '../../support/world/world';

const folder = process.argv[2] ?? '';
const users = [world.alice, world.bob];
const keyOf = (request: http.IncomingMessage): string => String(request.headers['x-user']);
const homeOf = (request: http.IncomingMessage): string => path.join(folder, keyOf(request));
let number = 0;
const newFile = (request: http.IncomingMessage): string =>
  path.join(homeOf(request), `upload-${String((number += 1))}`);

const messageOf = (type: string, ...parts: Buffer[]): Buffer => {
  const body = Buffer.concat(parts);
  const head = Buffer.alloc(5);
  head.write(type);
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
};
const int16 = (value: number): Buffer => {
  const buffer = Buffer.alloc(2);
  buffer.writeInt16BE(value);
  return buffer;
};
const int32 = (value: number): Buffer => {
  const buffer = Buffer.alloc(4);
  buffer.writeInt32BE(value);
  return buffer;
};

/** A server of PostgreSQL's protocol that answers each simple query with its own text. */
function startDatabase(): net.Server {
  const ready = messageOf('Z', Buffer.from('I'));
  const column = [Buffer.from('text\0'), int32(0), int16(0), int32(25), int16(-1), int32(-1), int16(0)];
  return net.createServer((socket) => {
    let data = Buffer.alloc(0);
    let isStarted = false;
    socket.on('error', () => {});
    socket.on('data', (part) => {
      data = Buffer.concat([data, part]);
      for (;;) {
        const start = isStarted ? 1 : 0;
        if (data.length < start + 4 || data.length < start + data.readInt32BE(start)) return;
        const length = start + data.readInt32BE(start);
        const [type, text] = [String.fromCharCode(data[0] ?? 0), data.subarray(5, length - 1)];
        data = data.subarray(length);
        if (!isStarted) socket.write(Buffer.concat([messageOf('R', int32(0)), ready]));
        else if (type === 'Q') {
          const row = [int16(1), int32(text.length), text];
          const end = [messageOf('C', Buffer.from('SELECT 1\0')), ready];
          socket.write(Buffer.concat([messageOf('T', int16(1), ...column), messageOf('D', ...row), ...end]));
        }
        isStarted = true;
      }
    });
  });
}

/** The user by the kernel. */
const whoMayOpen = (): string =>
  runSync(() =>
    users
      .filter((who) => world.canOpen(who))
      .map(({ key }) => key)
      .join(),
  );

async function main(): Promise<void> {
  const tokens = new Map<string, Token>();
  for (const who of users) {
    const home = path.join(folder, who.key);
    nodeFs.mkdirSync(home);
    nodeFs.writeFileSync(path.join(home, 'file'), `${who.key} `.repeat(10_000));
    world.own(path.join(home, 'file'), who);
    world.own(home, who);
    tokens.set(who.key, await who.token());
  }
  const database = startDatabase();
  await once(database.listen(0, '127.0.0.1'), 'listening');
  const { port } = database.address() as AddressInfo;
  const pool = new pg.Pool({ host: '127.0.0.1', port, user: 'x', database: 'x', max: 5 });

  const app = express();
  // A listener from before the flow, as loggers and metrics add them.
  app.use((request, response, next) => {
    request.on('close', () => {});
    response.on('finish', () => {});
    next();
  });
  app.use((request, response, next) => {
    const token = tokens.get(keyOf(request));
    if (token)
      token.run(() => {
        next();
      });
    else response.status(401).end();
  });

  const storage = multer.diskStorage({
    destination: (request, _file, done) => {
      done(null, homeOf(request));
    },
    filename: (request, _file, done) => {
      done(null, path.basename(newFile(request)));
    },
  });
  app.post('/multer', multer({ storage }).single('file'), (request, response, next) => {
    response.locals.file = request.file?.path;
    next();
  });
  app.post('/express-fileupload', (request, response, next) => {
    const use = fileUpload({ useTempFiles: true, tempFileDir: homeOf(request) });
    use(request, response, next);
  });
  app.post('/express-fileupload', async (request, response, next) => {
    const file = newFile(request);
    await (request.files?.file as UploadedFile).mv(file);
    response.locals.file = file;
    next();
  });
  app.post('/formidable', async (request, response, next) => {
    const form = formidable({ uploadDir: homeOf(request) });
    const [, files] = await form.parse(request);
    response.locals.file = files.file?.[0]?.filepath;
    next();
  });
  const receive = (request: Request): Promise<string> =>
    new Promise((resolve, reject) => {
      const form = busboy({ headers: request.headers });
      form.on('file', (_name, stream) => {
        const file = newFile(request);
        finished(stream.pipe(nodeFs.createWriteStream(file))).then(() => {
          resolve(file);
        }, reject);
      });
      request.pipe(form);
    });
  app.post('/busboy', async (request, response, next) => {
    response.locals.file = await receive(request);
    next();
  });
  app.post(/.*/, async (request, response) => {
    const { file } = response.locals as { file: string };
    const text = `select '${keyOf(request)} ${file}'`;
    const { rows } = await pool.query<{ text: string }>(text);
    const owner = withoutToken(() => String(nodeFs.statSync(file).uid));
    const written = await nodeFs.promises.readFile(file, 'utf8');
    await nodeFs.promises.rm(file);
    response.json({ owner, written, who: whoMayOpen(), isOwnRow: rows[0]?.text === text });
  });
  app.use(serveStatic(folder, { index: false, fallthrough: false }));
  app.use(((error, _request, response, next) => {
    const { code } = error as NodeJS.ErrnoException;
    if (response.headersSent) next(error);
    else response.status(code === 'EACCES' ? 403 : 500).end(String(code));
  }) as express.ErrorRequestHandler);

  const server = http.createServer(app);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  console.log((server.address() as AddressInfo).port);
  process.stdin.on('end', () => process.exit()).resume();
}

void main();
