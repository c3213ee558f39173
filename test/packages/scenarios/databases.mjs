// Databases and native code.
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';

const pathIn = ({ folder }, { user, n }, prefix) => path.join(folder, `${prefix}-${user.key}-${n}`);

/** The parts of PostgreSQL's protocol that a client needs for a query whose result is its text. */
function message(type, ...parts) {
  const body = Buffer.concat(
    parts.map((part) => (typeof part === 'string' ? Buffer.from(`${part}\0`) : Buffer.from(part))),
  );
  const size = Buffer.alloc(4);
  size.writeInt32BE(body.length + 4);
  return Buffer.concat([Buffer.from(type), size, body]);
}

/** Starts a server that answers each query with no rows, and resolves to its port. */
async function fakePostgres() {
  const ready = message('Z', [73]);
  const server = net.createServer((socket) => {
    let isStarted = false;
    socket.on('error', () => {});
    socket.on('data', (data) => {
      const type = String.fromCharCode(data[0]);
      if (!isStarted) socket.write(Buffer.concat([message('R', [0, 0, 0, 0]), ready]));
      else if (type === 'Q')
        setTimeout(() => socket.write(Buffer.concat([message('C', 'SELECT 0'), ready])), 1);
      isStarted = true;
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return server.address().port;
}

export const scenarios = {
  pg: {
    versions: ['8'],
    did: 'queries a pool of 2 connections, and reads in the callback or after the promise',
    async setup({ load }) {
      const { Pool } = await load();
      return new Pool({
        host: '127.0.0.1',
        port: await fakePostgres(),
        user: 'x',
        database: 'x',
        max: 2,
        ssl: false,
      });
    },
    async work({ file }, { made, n }) {
      if (n % 2) {
        await made.query('select');
        return fs.promises.readFile(file, 'utf8');
      }
      return new Promise((resolve, reject) => {
        made.query('select', (error) =>
          error
            ? reject(error)
            : fs.readFile(file, 'utf8', (problem, text) => (problem ? reject(problem) : resolve(text))),
        );
      });
    },
  },
  'better-sqlite3': {
    versions: ['11', '12'],
    asProcess: true,
    did: 'opens databases of the users',
    advice:
      'open only databases of the service, in `withoutToken()` and by paths that no user chooses; or a copy in memory of bytes that `fs` has read in the flow',
    async setup({ load, users, service }) {
      const Database = await load();
      for (const target of [...users, service]) {
        const file = path.join(target.folder, `database-of-${target.key}`);
        const database = new Database(file);
        database.exec(`create table texts (text); insert into texts values ('${target.text}')`);
        database.close();
        fs.chownSync(file, target.uid, target.uid);
      }
    },
    async work(target, { load }) {
      const Database = await load();
      const database = new Database(path.join(target.folder, `database-of-${target.key}`), {
        readonly: true,
      });
      const { text } = database.prepare('select text from texts').get();
      database.close();
      return text;
    },
  },
  'classic-level': {
    versions: ['1', '3'],
    asProcess: true,
    did: 'opens databases in the folders of the users',
    advice: 'keep in it what belongs to the service, and open it before flows begin',
    async work(target, context) {
      const { ClassicLevel } = await context.load();
      const database = new ClassicLevel(pathIn(target, context, 'level'));
      await database.put('text', target.text);
      const text = await database.get('text');
      await database.close();
      return text;
    },
  },
  sharp: {
    versions: ['0'],
    asProcess: true,
    did: 'reads the size of images by path',
    advice: 'hand over bytes: `sharp(await fs.promises.readFile(path))`, and write what `toBuffer()` returns',
    async setup({ load, users, service }) {
      const sharp = await load();
      for (const target of [...users, service]) {
        const bytes = await sharp({ create: { width: 3, height: 3, channels: 3, background: 'red' } })
          .png()
          .toBuffer();
        const file = path.join(target.folder, `image-of-${target.key}`);
        fs.writeFileSync(file, bytes, { mode: 0o600 });
        fs.chownSync(file, target.uid, target.uid);
      }
    },
    async work({ folder, key }, { load }) {
      const sharp = await load();
      const { format } = await sharp(path.join(folder, `image-of-${key}`)).metadata();
      return `${format} of-${key}`;
    },
  },
};
