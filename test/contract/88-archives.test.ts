import { linesOf } from '../support/children/child';
import { loading, usersSource } from '../support/children/sources';
import { describeSwitching } from '../support/world/acting';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tempFolder } from '../support/folders';

/**
 * Makes node:fs read archives as Electron does, before the package is loaded: a file whose name ends with .asar is a
 * folder with one file. Each line of an archive that is read is recorded in `served`.
 */
const electron = (resources: string): string => `
  const fs = require('node:fs');
  const path = require('node:path');
  Object.defineProperty(process.versions, 'electron', { value: '40.0.0' });
  process.resourcesPath = ${JSON.stringify(resources)};
  globalThis.served = [];
  const { lstatSync } = fs;
  const isFile = (file) => { try { return lstatSync(file).isFile(); } catch { return false; } };
  // Returns what is in the archive, as Electron finds it: the last component that is a file.
  const split = (given) => {
    if (process.noAsar || typeof given !== 'string') return undefined;
    const normal = path.normalize(given);
    for (let at = normal; at !== path.dirname(at); at = path.dirname(at)) {
      if (at.endsWith('.asar') && isFile(at)) return { archive: at, name: path.relative(at, normal), given };
    }
  };
  const read = ({ archive, name, given }) => {
    served.push(given);
    if (name !== 'inner') throw Object.assign(new Error('ENOENT'), { code: 'ENOENT' });
    return 'served from ' + path.basename(archive);
  };
  const copy = (found) => {
    read(found);
    const file = path.join(${JSON.stringify(resources)}, 'copy');
    fs.writeFileSync(file, 'copied');
    return file;
  };
  const sync = { readFileSync: read, existsSync: (found) => found.name === 'inner', statSync: read, lstatSync: read, readdirSync: () => ['inner'], realpathSync: read, accessSync: read };
  for (const [name, serve] of Object.entries(sync)) {
    const original = fs[name];
    fs[name] = Object.assign(function (given, ...rest) {
      const found = split(given);
      return found ? serve(found) : original.call(this, given, ...rest);
    }, original);
  }
  const { open, openSync, readFile } = fs;
  fs.openSync = (given, ...rest) => { const found = split(given); return openSync(found ? copy(found) : given, ...rest); };
  fs.open = (given, ...rest) => { const found = split(given); return open(found ? copy(found) : given, ...rest); };
  fs.readFile = (given, ...rest) => {
    const found = split(given);
    if (found) setImmediate(() => rest.at(-1)(null, read(found)));
    else readFile(given, ...rest);
  };
  const promised = fs.promises.readFile;
  const openHandle = fs.promises.open;
  fs.promises.open = (given, ...rest) => { const found = split(given); return openHandle(found ? copy(found) : given, ...rest); };
  fs.promises.readFile = async (given, ...rest) => { const found = split(given); return found ? read(found) : promised(given, ...rest); };
`;

describeSwitching("archives of Electron's applications", () => {
  const resources = tempFolder('resources');
  const shim = join(tempFolder('electron'), 'electron.cjs');
  writeFileSync(shim, electron(resources));

  const run = (source: string): Promise<string[]> =>
    linesOf(`${usersSource('archives')} ${source}`, {
      execArgv: ['--require', shim, ...loading.require],
    });

  const setUp = `
    const { resourcesPath } = process;
    process.noAsar = true;
    const app = path.join(resourcesPath, 'app.asar');
    for (const file of [app, path.join(resourcesPath, 'other')]) {
      fs.writeFileSync(file, 'of the service');
      world.own(file, 'service');
    }
    process.noAsar = false;
    const inner = path.join(app, 'inner');
    const streamed = async (stream) => { let text = ''; for await (const part of stream) text += part; return text; };
    const opened = (fd) => { const text = fs.readFileSync(fd, 'utf8'); fs.closeSync(fd); return text; };
    const inFlow = (work) => tokens.alice.run(() => outcome(work));`;

  test('are read as the process, and the callback runs in the flow', async () => {
    const lines = await run(`${setUp}
      print(await inFlow(() => fs.readFileSync(inner, 'utf8')));
      print(await inFlow(() => fs.promises.readFile(inner, 'utf8')));
      print(await inFlow(() => new Promise((done) => fs.readFile(inner, 'utf8', (error, text) => {
        done([text, Token.current() !== null, codeOf(fs.existsSync(inner) ? {} : { code: 'absent' })].join());
      }))));
      print(await inFlow(() => String(fs.existsSync(inner))));
      print(await inFlow(() => fs.readdirSync(app).join()));
      print(await inFlow(() => fs.realpathSync(inner)));
      print(await inFlow(() => opened(fs.openSync(inner))));
      print(await inFlow(() => opened(fs.openSync(inner, 'r'))));
      print(await inFlow(() => streamed(fs.createReadStream(inner, 'utf8'))));
      print(await inFlow(() => fs.readFileSync(path.join(app, 'folder', '..', 'inner'))));
      print(tokens.alice.runSync(() => fs.readFileSync(inner, 'utf8')));
      print(String(fs.readFileSync(inner)));`);
    const served = 'served from app.asar';
    expect(lines).toEqual([
      ...[served, served, `${served},true,`, 'true', 'inner', served],
      ...['copied', 'copied', 'copied', served, served, served],
    ]);
  });

  test('are not written, and their names lead to no other file', async () => {
    const lines = await run(`${setUp}
      process.noAsar = true;
      // A folder, a link and a file of the user's, and an archive deeper in the resources.
      const own = within(alice, 'own.asar');
      tokens.alice.runSync(() => {
        fs.writeFileSync(own, '');
        fs.mkdirSync(within(alice, 'folder.asar'));
      });
      fs.mkdirSync(path.join(resourcesPath, 'folder.asar'), { recursive: true });
      const hidden = path.join(resourcesPath, 'folder.asar', 'inner');
      fs.writeFileSync(hidden, 'of the service');
      world.own(hidden, 'service');
      const deep = path.join(resourcesPath, 'deep');
      fs.mkdirSync(deep, { recursive: true });
      fs.writeFileSync(path.join(deep, 'app.asar'), '');
      process.noAsar = false;
      const denied = async (name, work) => {
        const result = await inFlow(work);
        print([name, served.length, /^(denied|ENOENT|ENOTDIR|false)$/.test(String(result)) || result].join());
        served.length = 0;
      };
      const read = (file) => () => fs.readFileSync(file, 'utf8');
      await denied('user', read(path.join(own, 'inner')));
      await denied('folder', read(within(alice, 'folder.asar', 'inner')));
      await denied('folder in resources', read(hidden));
      await denied('deep', read(path.join(deep, 'app.asar', 'inner')));
      await denied('up', read(app + path.sep + '..' + path.sep + 'other'));
      await denied('up and down', read(path.join(app, 'x') + [ '', '..', '..', '..', '' ].join(path.sep) + path.relative(path.dirname(resourcesPath), secret)));
      await denied('beside', read(path.join(resourcesPath, 'other')));
      await denied('write', () => fs.writeFileSync(inner, 'x'));
      await denied('open to write', () => fs.openSync(inner, 'r+'));
      await denied('read with w', () => fs.readFileSync(inner, { flag: 'w+' }));
      await denied('access', () => fs.accessSync(inner, fs.constants.W_OK));
      await denied('handle', async () => { const handle = await fs.promises.open(inner); await handle.close(); return 'opened'; });
      await denied('stream', () => streamed(fs.createReadStream(inner, { flags: 'w+' })));
      await denied('copy', () => fs.copyFileSync(inner, within(alice, 'copy')));
      process.noAsar = true;
      await denied('noAsar', read(inner));`);
    const names = ['user', 'folder', 'folder in resources', 'deep', 'up', 'up and down', 'beside', 'write'];
    const rest = ['open to write', 'read with w', 'access', 'handle', 'stream', 'copy', 'noAsar'];
    expect(lines).toEqual([...names, ...rest].map((name) => `${name},0,true`));
  });
});
