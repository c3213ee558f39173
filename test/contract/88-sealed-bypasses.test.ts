import { registered } from '../support/children/sources';
import { product } from '../support/paths';
import { describeSwitching } from '../support/world/acting';

const preamble = `
  process.noDeprecation = true;
  const vm = require('node:vm');
  const { once } = require('node:events');
  const { pathToFileURL } = require('node:url');
  const { seal, withoutToken } = require(${JSON.stringify(product)});
  const logs = path.join(folder, 'logs');
  fs.mkdirSync(logs);
  const all = async (calls) => {
    const failed = [];
    for (const [name, call] of Object.entries(calls)) {
      const result = await outcome(call);
      if (result !== 'ERR_NO_TOKEN') failed.push(name + ' ' + String(result));
    }
    return failed.join() || 'none';
  };`;

const sealed = (name: string, source: string): Promise<string[]> =>
  registered(name, `${preamble}\n${source}`);

describeSwitching('code of a sealed thread', () => {
  test('cannot be taken for code of node by the name of its file', async () => {
    const lines = await sealed(
      'sealed-names',
      `const names = ['node:internal/fs/utils', 'node:internal/modules/cjs/loader', 'node:internal/fs/cp/cp-sync', 'node:fs'];
      seal();
      for (const filename of names) {
        const code = '(function read(fs, path) { return fs.readFileSync(path, "utf8"); })';
        const commented = code + '\\n//# sourceURL=' + filename;
        print(await all({
          script: () => new vm.Script(code, { filename }).runInThisContext()(fs, secret),
          context: () => vm.runInNewContext(code, {}, { filename })(fs, secret),
          function: () => vm.compileFunction('return fs.readFileSync(path)', ['fs', 'path'], { filename })(fs, secret),
          sourceURL: () => vm.runInThisContext(commented)(fs, secret),
          eval: () => eval(commented)(fs, secret),
          promises: () => vm.runInThisContext('(async (fs, path) => fs.promises.readFile(path))', { filename })(fs, secret),
          bound: () => new vm.Script('fs => fs.readFileSync.bind(null)', { filename }).runInThisContext()(fs)(secret),
        }));
      }`,
    );
    expect(lines).toEqual(Array<string>(4).fill('none'));
  });

  test('cannot go on with functions that it took before, or with the bindings of node', async () => {
    const lines = await sealed(
      'sealed-taken',
      `const { readFileSync, readFile, createReadStream, realpathSync: { native }, promises: { readFile: promised, open } } = fs;
      const taken = { ...fs };
      const module = path.join(folder, 'module.mjs');
      fs.writeFileSync(module, "import { statSync } from 'node:fs'; import { stat } from 'node:fs/promises'; export const taken = [statSync, stat]; export const read = () => statSync(" + JSON.stringify(secret) + ");");
      const imported = await import(pathToFileURL(module));
      const handle = await open(secret);
      const inherited = Object.create(fs.promises);
      seal();
      print(await all({
        readFileSync: () => readFileSync(secret),
        readFile: () => new Promise((resolve, reject) => readFile(secret, (error, text) => error ? reject(error) : resolve(text))),
        native: () => native(secret),
        promised: () => promised(secret),
        open: () => open(secret),
        copy: () => taken.readFileSync(secret),
        class: () => new taken.ReadStream(secret).toArray(),
        createReadStream: () => createReadStream(secret).toArray(),
        imported: () => imported.read(),
        'imported function': () => imported.taken[0](secret),
        'imported promise': () => imported.taken[1](secret),
        inherited: () => inherited.readFile(secret),
        'promises of require': () => require('fs/promises').readFile(secret),
        getBuiltinModule: () => (process.getBuiltinModule ?? require)('fs').readFileSync(secret),
        bind: () => Function.prototype.call.bind(fs.statSync)(null, secret),
        array: () => [secret].map(fs.statSync),
        binding: () => process.binding('fs'),
      }));
      print(await handle.readFile('utf8'));
      print(String((await handle.stat()).size));
      await handle.close();`,
    );
    expect(lines).toEqual(['none', 'of the service', '14']);
  });

  test('reaches nothing beyond the allowed folders by any way to write a path', async () => {
    const lines = await sealed(
      'sealed-paths',
      `const up = [logs, '..', 'secret'].join(path.sep);
      const other = path.join(folder, 'LO\\u212AS');
      fs.mkdirSync(other);
      fs.writeFileSync(path.join(other, 'file'), 'other');
      fs.mkdirSync(path.join(folder, 'lo\\u006bs'));
      const file = pathToFileURL(logs).href;
      seal({ allow: [logs, path.join(folder, 'loks')] });
      process.chdir(logs);
      const read = (given) => () => fs.readFileSync(given);
      const names = {
        up, bytes: Buffer.from(up), shared: new Uint8Array(Buffer.from(up)), relative: '../secret', dot: './../secret', twice: logs + path.sep + path.sep + '..' + path.sep + 'secret',
        url: new URL(file + '/../secret'), encoded: new URL(file + '/%2e%2e/secret'), 'like a URL': { href: file, protocol: 'file:', hostname: '', pathname: new URL(file + '/..').pathname + 'secret' },
        kelvin: path.join(other, 'file'), latin: Buffer.concat([Buffer.from(logs + path.sep), Buffer.from([0xff])]),
        cwd: '..', slash: '../logs/../secret', 'other case': process.platform === 'win32' ? up.toUpperCase() : logs.toUpperCase(),
        ...(process.platform === 'win32' && {
          extended: '\\\\\\\\?\\\\' + up, inside: '\\\\\\\\?\\\\' + path.join(logs, 'x'), device: '\\\\\\\\.\\\\' + up, mixed: '//?/' + up.replaceAll('\\\\', '/'),
          slashes: up.replaceAll('\\\\', '/'), short: path.join(folder, 'LOGS~1', 'x'), dots: logs + '.\\\\..\\\\secret', spaces: logs + ' \\\\..\\\\secret',
          stream: logs + ':stream', root: secret.slice(2), drive: secret.slice(0, 2) + '..\\\\secret', device2: path.join(logs, '..', 'NUL'),
          pipe: '\\\\\\\\.\\\\pipe\\\\..\\\\' + secret, unc: '\\\\\\\\localhost\\\\c$\\\\secret',
        }),
      };
      print(await all(Object.fromEntries(Object.entries(names).map(([name, given]) => [name, read(given)]))));
      print(await all({
        'with a flow that was lost': () => new Promise((resolve, reject) => tokens.alice.runSync(() => { setTimeout(() => { try { resolve(fs.readFileSync(up)); } catch (error) { reject(error); } }, 1); })),
      }));
      fs.writeFileSync(path.join(logs, 'log'), 'logged');
      const given = process.platform === 'win32' ? path.join(logs.toUpperCase(), 'LOG') : path.join(logs, 'log');
      print([given, './log', pathToFileURL(path.join(logs, 'log')), Buffer.from(given)].map((one) => fs.readFileSync(one, 'utf8')).join());
      process.chdir(logs);
      process.exit();`,
    );
    expect(lines).toEqual(['none', 'none', 'logged,logged,logged,logged']);
  });
});

describeSwitching('the work of node on a sealed thread', () => {
  test('goes on: modules, source maps, snapshots of tests, consoles on files; what a module reads when it is imported fails', async () => {
    const lines = await sealed(
      'sealed-node',
      `const file = (name, text) => { fs.writeFileSync(path.join(folder, name), text); return path.join(folder, name); };
      const reading = file('reading.mjs', "import { readFileSync } from 'node:fs'; export default readFileSync(" + JSON.stringify(secret) + ", 'utf8');");
      const common = file('common.cjs', "module.exports = require('node:fs').readFileSync(" + JSON.stringify(secret) + ", 'utf8');");
      file('package.json', '{"type":"module","imports":{"#inner":"./inner.js"}}');
      file('inner.js', 'export default "inner";');
      const importing = file('importing.js', 'export { default } from "#inner"; import data from "./data.json" with { type: "json" }; export { data };');
      file('data.json', '{"a":1}');
      file('thrown.map', JSON.stringify({ version: 3, sources: ['source.ts'], sourcesContent: ['line\\nthrow'], names: [], mappings: 'AACA' }));
      const thrown = file('thrown.cjs', 'module.exports = () => new Error("mapped");\\n//# sourceMappingURL=thrown.map');
      const stream = fs.createWriteStream(path.join(folder, 'console'));
      await once(stream, 'open');
      const output = new console.Console(stream);
      process.setSourceMapsEnabled(true);
      seal();
      print(await outcome(async () => (await import(pathToFileURL(reading))).default));
      print(require(common));
      const { default: inner, data } = await import(pathToFileURL(importing));
      print(inner + data.a);
      print(String(/source\\.ts:2/.test(require(thrown)().stack)));
      output.log('logged');
      await new Promise((done) => stream.end(done));
      print(withoutToken(() => fs.readFileSync(path.join(folder, 'console'), 'utf8')).trim());
      print(new Intl.DateTimeFormat('de', { month: 'long', timeZone: 'UTC' }).format(0).slice(0, 3) + typeof require.resolve('node:fs'));
      print(require.resolve(common) === common ? 'resolved' : '');
      print(await outcome(() => require('missing-module')));
      const { test } = require('node:test');
      let result;
      const ended = new Promise((resolve) => {
        test('of node', (t) => {
          t.assert?.snapshot && require('node:test').snapshot.setResolveSnapshotPath(() => path.join(folder, 'snapshot'));
          try { if (t.assert?.snapshot) t.assert.snapshot({ a: 1 }); result = 'none'; } catch (error) { result = error.code; }
          resolve();
        });
      });
      await ended;
      print(result === 'ERR_NO_TOKEN' ? result : 'tested');
      process.exit(0);`,
    );
    expect(lines.filter((line) => !/^(TAP|#|✔|ok|---|\s|\d)/.test(line))).toEqual([
      'ERR_NO_TOKEN',
      'of the service',
      'inner1',
      'true',
      'logged',
      'Janstring',
      'resolved',
      'MODULE_NOT_FOUND',
      'tested',
    ]);
  });
});
