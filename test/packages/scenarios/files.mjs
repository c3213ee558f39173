// Packages that work with files and folders.
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';

/** Returns a path in the folder of the target that no other call has. */
const pathIn = ({ folder }, { user, n }, prefix) => path.join(folder, `${prefix}-${user.key}-${n}`);

export const scenarios = {
  'fs-extra': {
    versions: ['10', '11'],
    did: 'writes JSON into new folders, copies, moves, reads',
    async work(target, context) {
      const extra = await context.load();
      const made = pathIn(target, context, 'extra');
      await extra.outputJson(path.join(made, 'a', 'b.json'), { n: context.n });
      await extra.copy(target.file, path.join(made, 'copy'));
      await extra.move(path.join(made, 'copy'), path.join(made, 'moved'));
      return extra.readFile(path.join(made, 'moved'), 'utf8');
    },
  },
  'graceful-fs': {
    versions: ['4'],
    did: 'lists and reads (3 does not run on this Node.js)',
    async work({ folder, file }, { load }) {
      const graceful = await load();
      return [await promisify(graceful.readdir)(folder), await promisify(graceful.readFile)(file, 'utf8')];
    },
  },
  'fast-glob': {
    versions: ['2', '3'],
    did: 'finds files, as promises, streams and synchronously',
    async work({ folder }, { load, n }) {
      const glob = await load();
      const options = { cwd: folder };
      if (n % 3 === 0) return glob.sync('**/*', options);
      return n % 3 === 1 ? glob('**/*', options) : glob.stream('**/*', options).toArray();
    },
  },
  rimraf: {
    versions: ['3', '6'],
    did: 'removes trees',
    async work(target, context) {
      const module = await context.load();
      const remove = module.rimraf ?? promisify(module);
      const tree = pathIn(target, context, 'tree');
      fs.mkdirSync(path.join(tree, 'a', 'b'), { recursive: true });
      await remove(tree);
      return fs.existsSync(tree) ? 'is still there' : `removed, of-${context.user.key}`;
    },
  },
  'write-file-atomic': {
    versions: ['5', '7'],
    did: 'writes files, also the same file as other calls',
    async work(target, context) {
      const write = await context.load();
      await write(path.join(target.folder, `same-${context.user.key}-`), target.text);
      await write(pathIn(target, context, 'atomic'), context.user.text);
    },
  },
  'proper-lockfile': {
    versions: ['3', '4'],
    did: 'locks, checks and unlocks files, with the renewal of the lock',
    async work(target, context) {
      const lockfile = await context.load();
      const file = pathIn(target, context, 'locked');
      fs.writeFileSync(file, '');
      const release = await lockfile.lock(file, { update: 1000, stale: 2000 });
      const isLocked = await lockfile.check(file);
      if (context.n === 0) await setTimeout(2500);
      await release();
      if (!isLocked) throw new Error('not locked');
    },
  },
  chokidar: {
    versions: ['3', '4'],
    did: 'watches a folder, until its file is reported',
    advice: 'use `fs.watch`, or a watcher that is made in `withoutToken()`',
    async work(target, { load }) {
      const { watch, FSWatcher } = await load();
      const watcher = watch ? watch(target.folder, { depth: 0 }) : new FSWatcher();
      const seen = [];
      watcher.on('add', (file) => seen.push(file));
      const failed = once(watcher, 'error').then(([error]) => Promise.reject(error));
      try {
        await Promise.race([once(watcher, 'ready'), failed]);
      } finally {
        failed.catch(() => {});
        await watcher.close();
      }
      return seen;
    },
  },
  lowdb: {
    versions: ['6', '7'],
    did: 'reads and writes databases of each user by `JSONFile`',
    async work(target, context) {
      const [{ Low }, { JSONFile }] = await Promise.all(
        ['', '/node'].map((part) => import(`lowdb-${context.version}${part}`)),
      );
      const database = new Low(new JSONFile(pathIn(target, context, 'low')), { texts: [] });
      await database.read();
      database.data.texts.push(context.user.text);
      await database.write();
    },
  },
  nedb: { ...nedb(['1']), advice: 'use `@seald-io/nedb`' },
  '@seald-io/nedb': nedb(['4']),
  'isomorphic-git': {
    versions: ['0', '1'],
    did: 'makes repositories, adds, commits, reads the log',
    async work(target, context) {
      const git = await context.load();
      const dir = pathIn(target, context, 'repository');
      const author = { name: context.user.key, email: 'x@example.com' };
      await git.init({ fs, dir });
      fs.writeFileSync(path.join(dir, 'file'), target.text);
      await git.add({ fs, dir, filepath: 'file' });
      await git.commit({ fs, dir, message: target.text, author });
      return git.log({ fs, dir });
    },
  },
};

function nedb(versions) {
  return {
    versions,
    did: 'loads, inserts, finds in a database of each user',
    async work(target, context) {
      const Datastore = await context.load();
      const store = new Datastore({ filename: pathIn(target, context, 'nedb') });
      const call = (name, ...args) => promisify(store[name]).call(store, ...args);
      await call('loadDatabase');
      await call('insert', { text: target.text });
      return (await call('find', {}))[0].text;
    },
  };
}
