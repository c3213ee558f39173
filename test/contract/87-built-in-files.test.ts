import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { linesOf, type SourceKind } from '../support/children/child';
import { loading, registered, usersSource } from '../support/children/sources';
import { product, productModule } from '../support/paths';
import { describeSwitching } from '../support/world/acting';

/** Runs a source whose first lines run before the thread has a token. */
const early = (name: string, before: string, source: string, kind?: SourceKind): Promise<string[]> =>
  linesOf(
    `${before}\n${usersSource(name)}\n${source}`,
    { execArgv: [...loading.import, '--no-warnings'] },
    kind,
  );

const no = 'ERR_NOT_ROUTED';

describeSwitching('process.loadEnvFile()', () => {
  test("reads as the flow's or scope's user, also if it was taken before", async () => {
    const lines = await early(
      'env-file',
      'const { loadEnvFile } = process;',
      `const read = (who, load, file = 'file') => {
        for (const name of ['A', 'B']) delete process.env[name];
        process.env.KEPT = 'before';
        return outcome(() => { load(within(who, file)); return [process.env.A, process.env.B, process.env.KEPT].join(); });
      };
      for (const who of [alice, bob]) {
        const text = '# of ' + who.key + '\\nA=1\\nB="2 3"\\nKEPT=after';
        tokens[who.key].runSync(() => fs.writeFileSync(within(who, 'file'), text));
      }
      const own = path.join(folder, 'own');
      fs.writeFileSync(own, 'A=own');
      fs.writeFileSync(secret, 'A=secret');
      for (const load of [loadEnvFile, (file) => process.loadEnvFile(file)]) {
        print(await tokens.alice.run(() => read(alice, load)));
        print(await tokens.alice.run(() => read(bob, load)));
        print(await tokens.bob.runSync(() => [read(bob, load)])[0]);
        print(await tokens.bob.runSync(() => [read(alice, load)])[0]);
        print(await tokens.alice.run(() => outcome(() => load(secret))));
        print(await tokens.alice.run(() => outcome(() => load(path.join(folder, 'none')))));
        print(await tokens.alice.run(() => outcome(() => load(3))));
        print(await outcome(() => load(3)));
      }
      delete process.env.A;
      loadEnvFile(own);
      print(process.env.A);
      process.chdir(folder);
      fs.writeFileSync('.env', 'A=default');
      world.own('.env', 'service');
      print(await tokens.alice.run(() => outcome(() => process.loadEnvFile())));`,
    );
    const both = [
      ...['1,2 3,before', 'denied', '1,2 3,before', 'denied', 'denied', 'ENOENT'],
      ...['ERR_INVALID_ARG_TYPE', 'ERR_INVALID_ARG_TYPE'],
    ];
    expect(lines).toEqual([...both, ...both, 'own', 'denied']);
  });
});

describeSwitching('module.enableCompileCache()', () => {
  test('throws in a flow or scope and makes nothing, and works in withoutToken()', async () => {
    const [first = '', ...lines] = await early(
      'compile-cache',
      "const { enableCompileCache } = require('node:module');",
      `const module = require('node:module');
      if (!enableCompileCache) {
        print('none');
      } else {
        const cache = path.join(folder, 'cache');
        print(cache);
        for (const enable of [enableCompileCache, (...args) => module.enableCompileCache(...args)]) {
          print(await outcome(() => tokens.alice.run(() => enable(cache))));
          print(await outcome(() => tokens.alice.runSync(() => enable(cache))));
        }
        print(String(fs.existsSync(cache)));
        const { withoutToken } = require(${JSON.stringify(product)});
        print(String(tokens.alice.run(() => withoutToken(() => enableCompileCache(cache).directory.startsWith(cache)))));
      }`,
    );
    if (first === 'none') return;
    expect(lines).toEqual([no, no, no, no, 'false', 'true']);
    expect(existsSync(first)).toBe(true);
  });
});

describeSwitching('node:sqlite', () => {
  const isMissing = Number.parseInt(process.versions.node, 10) < 22;
  const body = (kind: string): string => `
      const attempt = async (work) => String((await outcome(work)) ?? 'done').replace('ERR_NOT_ROUTED', 'no');
      const inFlow = (work) => attempt(() => tokens.alice.run(work));
      const inScope = (work) => attempt(() => tokens.alice.runSync(work));
      const file = path.join(folder, 'new');
      const makers = {
        DatabaseSync: () => new DatabaseSync(file),
        Held: () => new Held(file),
        Subclass: () => new Subclass(file),
        constructor: () => new DatabaseSync.prototype.constructor(file),
        Database: () => new (sqlite.Database ?? DatabaseSync)(file),
        temporary: () => new DatabaseSync(''),
        open: () => new DatabaseSync(file, { open: false }).open(),
        backup: () => { if (!sqlite.backup) throw Object.assign(new Error(), { code: 'no' }); return sqlite.backup(service, file); },
        openLater: () => later.open(),
        loadExtension: () => service.loadExtension(file),
      };
      const servicePath = path.join(folder, 'service.db');
      const service = new DatabaseSync(servicePath);
      const later = new DatabaseSync(file, { open: false });
      service.exec('CREATE TABLE numbers (attachment)');
      const insert = service.prepare('INSERT INTO numbers VALUES (?)');
      const attach = service.prepare('ATTACH ? AS other');
      for (const [name, make] of Object.entries(makers)) print([name, await inFlow(make), await inScope(make), fs.existsSync(file)].join());
      const statements = {
        exec: () => service.exec('attach ' + "'" + file + "' AS other"),
        prepare: () => service.prepare('SELECT 1; /* */ATTACH/**/? AS other'),
        prepared: () => attach.run(file),
        all: () => attach.all(file),
        get: () => attach.get(file),
        iterate: () => [...attach.iterate(file)].length,
        vacuum: () => service.exec("VACUUM /* ; */ INTO '" + file + "'"),
        pragma: () => service.exec("PRAGMA temp_store_directory = '" + folder + "'"),
        tag: () => {
          if (!service.createTagStore) throw Object.assign(new Error(), { code: 'no' });
          const store = service.createTagStore();
          return store.run\`ATTACH \${file} AS other\`;
        },
      };
      for (const [name, run] of Object.entries(statements)) print([name, await inFlow(run), await inScope(run), fs.existsSync(file)].join());
      print(await inFlow(() => { insert.run(1); return JSON.stringify(service.prepare('SELECT attachment FROM numbers').all()); }));
      print(await inFlow(() => { const db = new Held(':memory:'); db.exec('CREATE TABLE t (a)'); db.close(); return 'in memory'; }));
      print(await inFlow(() => withoutToken(() => { new DatabaseSync(file).close(); return fs.existsSync(file); })));
      attach.run(file);
      service.exec('DETACH other');
      const late = service.prepare('ATTACH ? AS other').iterate(file);
      print(await inFlow(() => late.next()));
      const memory = new DatabaseSync(':memory:');
      memory.exec('CREATE TABLE t (a)');
      const row = memory.prepare('INSERT INTO t VALUES (1)');
      const rows = service.prepare('SELECT attachment FROM numbers').iterate();
      const inScopeOnly = {
        exec: () => service.exec('DELETE FROM numbers'),
        prepare: () => service.prepare('DELETE FROM numbers'),
        run: () => insert.run(1),
        iterate: () => insert.iterate(1),
        next: () => rows.next(),
        return: () => rows.return(),
        session: () => { if (!service.createSession) throw Object.assign(new Error(), { code: 'no' }); return service.createSession(); },
        serialize: () => { if (!service.serialize) throw Object.assign(new Error(), { code: 'no' }); return service.serialize(); },
      };
      for (const [name, run] of Object.entries(inScopeOnly)) print([name, await inScope(run)].join());
      print(await inScope(() => { row.run(); memory.exec('DELETE FROM t'); return 'in memory'; }));
      print(await inFlow(() => new DatabaseSync(':memory:').prepare('PRAGMA temp_store').get().temp_store));
      memory.exec("ATTACH '" + file + "' AS other");
      print(await inScope(() => row.run()));
      print(await inFlow(() => row.run().changes));
      print('${kind}');`;
  const expected = (kind: string): string[] => [
    ...['DatabaseSync', 'Held', 'Subclass', 'constructor', 'Database', 'temporary', 'open', 'backup'].map(
      (name) => `${name},no,no,false`,
    ),
    ...['openLater', 'loadExtension', 'exec', 'prepare', 'prepared', 'all', 'get', 'iterate', 'vacuum'].map(
      (name) => `${name},no,no,false`,
    ),
    ...['pragma', 'tag'].map((name) => `${name},no,no,false`),
    ...['[{"attachment":1}]', 'in memory', 'true', 'no'],
    ...['exec', 'prepare', 'run', 'iterate', 'next', 'return', 'session', 'serialize'].map(
      (name) => `${name},no`,
    ),
    ...['in memory', '2', 'no', '1', kind],
  ];

  (isMissing ? test.skip : test)('opens no file by name in a flow or scope', async () => {
    const before = `const sqlite = require('node:sqlite');
      const { withoutToken } = require(${JSON.stringify(product)});
      const { DatabaseSync, DatabaseSync: Held } = sqlite;
      class Subclass extends DatabaseSync {}`;
    expect(await early('sqlite', before, body('cjs'))).toEqual(expected('cjs'));
  });

  (isMissing ? test.skip : test)('neither by what an ES module has taken before', async () => {
    const before = `import sqlite, { DatabaseSync } from 'node:sqlite';
      import { withoutToken } from ${JSON.stringify(pathToFileURL(productModule).href)};
      const Held = DatabaseSync;
      class Subclass extends DatabaseSync {}`;
    expect(await early('sqlite-esm', before, body('mjs'), 'mjs')).toEqual(expected('mjs'));
  });
});

describeSwitching('node:wasi', () => {
  /** A program whose function `open` opens `file` in the first folder, and returns the error number. */
  const program = `
    const text = (value) => [value.length, ...Buffer.from(value)];
    const section = (id, ...bytes) => [id, bytes.length, ...bytes];
    const program = new WebAssembly.Module(Uint8Array.from([
      0x00, ...Buffer.from('asm'), 1, 0, 0, 0,
      ...section(1, 3, 0x60, 9, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0x7e, 0x7e, 0x7f, 0x7f, 1, 0x7f, 0x60, 0, 1, 0x7f, 0x60, 0, 0),
      ...section(2, 1, ...text('wasi_snapshot_preview1'), ...text('path_open'), 0, 0),
      ...section(3, 2, 2, 1),
      ...section(5, 1, 0, 1),
      ...section(7, 3, ...text('memory'), 2, 0, ...text('_start'), 0, 1, ...text('open'), 0, 2),
      ...section(10, 2, 2, 0, 0x0b, 22, 0, 0x41, 3, 0x41, 0, 0x41, 0, 0x41, 4, 0x41, 0, 0x42, 2, 0x42, 0, 0x41, 0, 0x41, 16, 0x10, 0, 0x0b),
      ...section(11, 1, 0, 0x41, 0, 0x0b, ...text('file')),
    ]));
    const start = (wasi) => {
      const instance = new WebAssembly.Instance(program, { wasi_snapshot_preview1: wasi.wasiImport });
      wasi.start(instance);
      return instance;
    };`;

  test('opens no folder and no path in a flow or scope', async () => {
    const lines = await early(
      'wasi',
      `const { WASI } = require('node:wasi'); class Subclass extends WASI {}`,
      `${program}
      const version = 'preview1';
      fs.writeFileSync(path.join(folder, 'file'), '');
      const options = { version, preopens: { '/x': folder } };
      const instance = start(new WASI(options));
      print(String(instance.exports.open()));
      for (const make of [WASI, Subclass, WASI.prototype.constructor]) {
        print(await outcome(() => tokens.alice.run(() => new make(options))));
        print(await outcome(() => tokens.alice.runSync(() => new make(options))));
      }
      print(await outcome(() => tokens.alice.run(() => instance.exports.open())));
      print(await outcome(() => tokens.alice.runSync(() => instance.exports.open())));
      const empty = tokens.alice.run(() => [new WASI({ version }), new WASI({ version, preopens: {} })]);
      print(String(empty.every((wasi) => wasi instanceof WASI && wasi.constructor === WASI)));
      print(String(start(empty[0]).exports.open() !== 0));
      print(await outcome(() => tokens.alice.run(() => new WASI({ version, preopens: 1 }))));
      print(await outcome(() => tokens.alice.run(() => new WASI(1))));
      print(String(instance.exports.open()));`,
    );
    const wrong = 'ERR_INVALID_ARG_TYPE';
    expect(lines).toEqual(['0', ...Array<string>(8).fill(no), 'true', 'true', wrong, wrong, '0']);
  });
});

describeSwitching('modules that node warns of', () => {
  test('are warned of when they are used, and not when the package is loaded', async () => {
    const lines = await registered(
      'experimental',
      `process.removeAllListeners('warning');
      const warned = [];
      process.on('warning', (warning) => warned.push(warning.message.slice(0, 4)));
      const { WASI } = require('node:wasi');
      await new Promise(setImmediate);
      print(warned.join());
      for (let i = 0; i < 2; i++) new WASI({ version: 'preview1' });
      await new Promise(setImmediate);
      print(warned.join());`,
    );
    expect(lines).toEqual(['WASI']);
  });
});
