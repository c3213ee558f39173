import { linesOf, runOnThread } from '../support/children/child';
import { registered } from '../support/children/sources';
import { product, unrouted } from '../support/paths';
import { describeSwitching } from '../support/world/acting';

/** For a child after usersSource(): `seal`, `withoutToken`, and every form of a call without a token. */
const sealing = `
  const { promisify } = require('node:util');
  const { once } = require('node:events');
  const { seal, withoutToken } = require(${JSON.stringify(product)});
  const logs = path.join(folder, 'logs');
  fs.mkdirSync(logs);
  const log = path.join(logs, 'log');
  const streamed = async (stream) => {
    let text = '';
    for await (const part of stream) text += part;
    return text;
  };
  const calledBack = (name, ...args) => new Promise((resolve, reject) => {
    let returned = false;
    fs[name](...args, (error, value) => {
      if (!returned) print('called back too early');
      if (error) reject(error);
      else resolve(value);
    });
    returned = true;
  });
  const opened = (stream) => once(stream, 'open').then(() => { stream.destroy(); return 'opened'; });
  const forms = {
    readFileSync: (file) => fs.readFileSync(file, 'utf8'),
    existsSync: (file) => fs.existsSync(file),
    openSync: (file) => { fs.closeSync(fs.openSync(file)); },
    'realpathSync.native': (file) => fs.realpathSync.native(file),
    readFile: (file) => calledBack('readFile', file, 'utf8'),
    promisified: (file) => promisify(fs.readFile)(file, 'utf8'),
    exists: (file) => promisify(fs.exists)(file),
    promises: (file) => fs.promises.readFile(file, 'utf8'),
    'promises.open': (file) => fs.promises.open(file).then((handle) => handle.close()),
    createReadStream: (file) => streamed(fs.createReadStream(file)),
    ReadStream: (file) => streamed(fs.ReadStream(file, { fs })),
    subclass: (file) => streamed(new (class extends fs.ReadStream {})(file, 'utf8')),
    createWriteStream: (file) => opened(fs.createWriteStream(file, { flags: 'r+' })),
    watch: (file) => { fs.watch(file).close(); },
    openAsBlob: (file) => fs.openAsBlob(file),
    bytes: (file) => fs.statSync(Buffer.from(file)).size,
    url: (file) => fs.statSync(require('node:url').pathToFileURL(file)).size,
  };
  const all = async (file) => {
    const results = {};
    for (const [name, form] of Object.entries(forms)) results[name] = String(await outcome(() => form(file)));
    return results;
  };
  const tally = (results) => {
    const codes = Object.entries(results).filter(([, result]) => result === 'ERR_NO_TOKEN').map(([name]) => name);
    return codes.length === Object.keys(forms).length ? 'all' : codes.join() || 'none';
  };`;

const sealed = (name: string, source: string): Promise<string[]> => registered(name, `${sealing}\n${source}`);

describeSwitching('a sealed thread', () => {
  test('fails in every form of node:fs without a token, in the way that node reports errors', async () => {
    const lines = await sealed(
      'forms',
      `print(tally(await all(secret)));
      seal();
      print(tally(await all(secret)));
      const thrown = [];
      for (const name of ['readFile', 'createReadStream', 'createWriteStream']) {
        try {
          const stream = fs[name](secret, () => {});
          stream?.on?.('error', () => {});
        } catch (error) {
          thrown.push(name);
        }
      }
      print(JSON.stringify(thrown));
      let rejected;
      try {
        rejected = fs.promises.stat(secret);
      } finally {
        print(String(await outcome(() => rejected)));
      }`,
    );
    expect(lines).toEqual(['none', 'all', '[]', 'ERR_NO_TOKEN']);
  });

  test('acts in a flow, in a scope, and as the process in withoutToken()', async () => {
    const lines = await sealed(
      'with-token',
      `seal();
      const file = within(alice, 'file');
      print(tally(await tokens.alice.run(() => all(file))));
      print(tokens.alice.runSync(() => fs.readFileSync(file, 'utf8')));
      print(String(await outcome(() => tokens.bob.run(() => fs.promises.readFile(file)))));
      print(tally(await withoutToken(() => all(secret))));
      print(withoutToken(() => fs.readFileSync(secret, 'utf8')));
      print(await tokens.alice.run(() => withoutToken(async () => {
        await null;
        return fs.promises.readFile(secret, 'utf8');
      })));`,
    );
    expect(lines).toEqual(['none', 'of alice', 'denied', 'none', 'of the service', 'of the service']);
  });

  test('finds a flow that was lost: in a timer, an event, a callback, and after a scope', async () => {
    const lines = await sealed(
      'lost',
      `const emitter = new (require('node:events'))();
      const lost = (start) => new Promise((resolve) => {
        start(() => resolve(outcome(() => fs.readFileSync(secret, 'utf8'))));
      });
      seal({ allow: [logs] });
      print(await lost((work) => setTimeout(work, 1)));
      print(await lost((work) => { emitter.once('event', work); tokens.alice.run(() => setImmediate(() => {})); emitter.emit('event'); }));
      print(await lost((work) => { tokens.alice.runSync(() => { setTimeout(work, 1); }); }));
      print(await lost((work) => fs.writeFile(log, 'x', work)));
      print(await lost((work) => { fs.promises.stat(log).then(work); }));
      // Node calls these without a frame of the program.
      const uncaught = once(process, 'uncaughtException');
      setTimeout(fs.unlinkSync, 1, secret);
      print((await uncaught)[0].code);
      print(await Promise.resolve(secret).then(fs.readFileSync).catch(codeOf));`,
    );
    expect(lines).toEqual(Array(7).fill('ERR_NO_TOKEN'));
  });

  test('goes on with what was opened before, and with descriptors', async () => {
    const lines = await sealed(
      'opened',
      `const fd = fs.openSync(secret, 'r+');
      const handle = await fs.promises.open(secret);
      const stream = fs.createReadStream(secret);
      const folderOpened = fs.opendirSync(logs);
      seal();
      print(await streamed(stream));
      print(fs.readFileSync(fd, 'utf8'));
      print(String((await promisify(fs.readFile)(fd)).length));
      print(await streamed(fs.createReadStream(null, { fd, start: 0, autoClose: false })));
      print(await fs.promises.readFile(handle, 'utf8'));
      fs.futimesSync(fd, 1, 1);
      fs.fchmod(fd, 0o600, () => {});
      print(String(folderOpened.readSync()));
      folderOpened.closeSync();
      await handle.close();
      fs.closeSync(fd);
      process.stdout.write('written\\n');
      console.log('logged');`,
    );
    expect(lines).toEqual([
      'of the service',
      'of the service',
      '0',
      'of the service',
      'of the service',
      'null',
      'written',
      'logged',
    ]);
  });

  test('goes on with require(), import() and the scripts of node that read files', async () => {
    const lines = await sealed(
      'modules',
      `const file = (name, text) => { fs.writeFileSync(path.join(folder, name), text); return path.join(folder, name); };
      const common = file('common.cjs', "module.exports = require('node:fs').readFileSync(__filename, 'utf8').length; setTimeout(() => { try { require('node:fs').statSync(__filename); } catch (error) { process.emit('later', error.code); } }, 1);");
      const json = file('data.json', '{"a":1}');
      const module = file('module.mjs', 'export { default } from "./inner.mjs";');
      file('inner.mjs', 'export default 5;');
      seal();
      const later = once(process, 'later');
      print(String(require(common) > 100));
      print((await later)[0]);
      print(String(require(json).a));
      print(String((await import(require('node:url').pathToFileURL(module))).default));
      print(await outcome(() => require('node:assert')(false)));`,
    );
    expect(lines).toEqual(['true', 'ERR_NO_TOKEN', '1', '5', 'ERR_ASSERTION']);
  });

  test("throws node's errors for wrong arguments", async () => {
    const lines = await sealed(
      'arguments',
      `process.noDeprecation = true;
      const calls = [
        () => fs.readFileSync(), () => fs.statSync({}), () => fs.readFile({}, () => {}), () => fs.renameSync(secret),
        () => fs.promises.readFile({}), () => fs.createReadStream(5), () => fs.createReadStream(secret, 5),
        () => fs.mkdtempSync(null), () => fs.existsSync(), () => fs.openSync('\\0'),
      ];
      const results = async () => JSON.stringify(await Promise.all(calls.map((call) => outcome(call))));
      const before = await results();
      seal();
      print(String(before === await results()));
      print(before);`,
    );
    expect(lines[0]).toBe('true');
  });

  test('stays sealed, and rejects wrong options without being sealed', async () => {
    const lines = await sealed(
      'options',
      `const codes = [];
      for (const options of [null, 5, { mode: 'off' }, { mode: null }, { allow: log }, { allow: ['log'] }, { allow: [''] }, { allow: [5] }, { alow: [] }]) {
        codes.push(await outcome(() => seal(options)));
      }
      print(codes.map((code) => code.replace('ERR_INVALID_ARG_', '')).join());
      print(tally(await all(secret)));
      seal({ allow: [logs] });
      print(await outcome(() => seal()) + ' ' + await outcome(() => seal({ mode: 'report' })));
      print(await outcome(() => fs.statSync(secret)));
      print(String(await outcome(() => fs.statSync(logs).isDirectory())));`,
    );
    expect(lines).toEqual([
      'TYPE,TYPE,VALUE,VALUE,TYPE,VALUE,VALUE,TYPE,VALUE',
      'none',
      'ERR_SEALED ERR_SEALED',
      'ERR_NO_TOKEN',
      'true',
    ]);
  });

  test('is the only one that is sealed: workers are not, and an ImpersonatedWorker has a token always', async () => {
    const lines = await sealed(
      'workers',
      `const { Worker } = require('node:worker_threads');
      const { ImpersonatedWorker } = require(${JSON.stringify(product)});
      const file = within(alice, 'file');
      seal();
      const code = (path, seals) => \`
        const { seal } = require(\${JSON.stringify(${JSON.stringify(product)})});
        const fs = require('node:fs');
        const { parentPort } = require('node:worker_threads');
        if (\${seals}) seal();
        let result;
        try { result = fs.readFileSync(\${JSON.stringify(path)}, 'utf8'); } catch (error) { result = error.code; }
        parentPort.postMessage(result);\`;
      const ask = async (worker) => { const [answer] = await once(worker, 'message'); await worker.terminate(); return answer; };
      print(await ask(new Worker(code(secret, false), { eval: true })));
      print(await ask(new Worker(code(secret, true), { eval: true })));
      print(await ask(new ImpersonatedWorker(code(file, true), { eval: true, token: tokens.alice })));`,
    );
    expect(lines).toEqual(['of the service', 'ERR_NO_TOKEN', 'of alice']);
  });
});

describeSwitching('the allowed paths of a sealed thread', () => {
  test('are files, and folders with all below', async () => {
    const lines = await sealed(
      'allowed',
      `const one = path.join(folder, 'one.log');
      seal({ allow: [logs, one] });
      fs.appendFileSync(log, 'a');
      await promisify(fs.appendFile)(log, 'b');
      await fs.promises.appendFile(log, 'c');
      await new Promise((done, fail) => fs.createWriteStream(log, { flags: 'a' }).on('error', fail).end('d', done));
      print(fs.readFileSync(log, 'utf8'));
      fs.writeFileSync(one, 'one');
      fs.mkdirSync(path.join(logs, 'a', 'b'), { recursive: true });
      fs.renameSync(log, path.join(logs, 'a', 'b', 'old'));
      await fs.promises.cp(path.join(logs, 'a'), path.join(logs, 'c'), { recursive: true });
      fs.cpSync(path.join(logs, 'a'), path.join(logs, 'd'), { recursive: true });
      print(fs.readFileSync(path.join(logs, 'c', 'b', 'old'), 'utf8') + fs.readFileSync(path.join(logs, 'd', 'b', 'old'), 'utf8'));
      fs.rmSync(path.join(logs, 'c'), { recursive: true });
      await promisify(fs.rm)(path.join(logs, 'd'), { recursive: true });
      print(fs.readdirSync(logs).join());
      print(path.basename(fs.mkdtempSync(path.join(logs, 'x'))).slice(0, 1));
      process.chdir(logs);
      print(String(fs.existsSync('a') && fs.existsSync(path.join(logs, '..', 'logs', 'a'))));`,
    );
    expect(lines).toEqual(['abcd', 'abcdabcd', 'a', 'x', 'true']);
  });

  test('open nothing beyond by names that begin alike, by dots or by a second path', async () => {
    const lines = await sealed(
      'beyond',
      `fs.writeFileSync(log, 'log');
      fs.writeFileSync(logs + 'x', 'other');
      seal({ allow: [logs, path.join(folder, 'one')] });
      const calls = {
        like: () => fs.readFileSync(logs + 'x'),
        dots: () => fs.readFileSync(logs + path.sep + '..' + path.sep + 'secret'),
        'dots of bytes': () => fs.readFileSync(Buffer.from(logs + path.sep + '..' + path.sep + 'secret')),
        'missing dots': () => fs.writeFileSync([logs, 'missing', '..', '..', 'new'].join(path.sep), ''),
        relative: () => { process.chdir(logs); return fs.readFileSync('../secret'); },
        prefix: () => fs.mkdtempSync(logs),
        from: () => fs.copyFileSync(secret, path.join(logs, 'copy')),
        to: () => fs.renameSync(log, path.join(folder, 'new')),
        link: () => fs.linkSync(secret, path.join(logs, 'hard')),
        symlink: () => fs.symlinkSync(log, path.join(folder, 'new')),
        cp: () => fs.cpSync(logs, path.join(folder, 'new'), { recursive: true }),
        below: () => fs.readFileSync(path.join(folder, 'one', '..', 'secret')),
        folder: () => fs.readdirSync(folder),
        glob: () => (fs.globSync ? fs.globSync(logs + '/*') : fs.statSync(secret)),
      };
      const results = [];
      for (const [name, call] of Object.entries(calls)) {
        const result = await outcome(call);
        if (result !== 'ERR_NO_TOKEN') results.push(name + ' ' + result);
      }
      print(JSON.stringify(results));
      print(withoutToken(() => fs.readdirSync(logs)).join() + withoutToken(() => fs.existsSync(path.join(folder, 'new'))));`,
    );
    expect(lines).toEqual(['[]', 'logfalse']);
  });

  test('open nothing beyond by links, whether their target exists or not', async () => {
    const lines = await sealed(
      'links',
      `const links = { secret, missing: path.join(folder, 'new'), up: folder, chain: path.join(logs, 'secret') };
      try {
        for (const [name, target] of Object.entries(links)) fs.symlinkSync(target, path.join(logs, name), name === 'up' ? 'junction' : 'file');
        fs.symlinkSync(logs, path.join(folder, 'alias'), 'junction');
      } catch (error) {
        print('no links');
      }
      seal({ allow: [path.join(folder, 'alias')] });
      const names = [['secret'], ['missing'], ['chain'], ['up', 'secret'], ['up', 'new'], ['up', 'alice', '..', 'secret']];
      for (const name of names) {
        print(String(await outcome(() => fs.writeFileSync([logs, ...name].join(path.sep), ''))));
      }
      print(withoutToken(() => fs.readFileSync(secret, 'utf8')));
      print(String(await outcome(() => fs.writeFileSync(path.join(folder, 'alias', 'log'), 'x'))));
      print(String(await outcome(() => fs.readFileSync(log, 'utf8'))));`,
    );
    if (lines[0] === 'no links') return;
    expect(lines).toEqual([...Array<string>(6).fill('ERR_NO_TOKEN'), 'of the service', 'undefined', 'x']);
  });
});

describeSwitching('a thread that is sealed to report', () => {
  test('acts as the process, and publishes each place once, with its stack', async () => {
    const lines = await sealed(
      'report',
      `const messages = [];
      seal({ mode: 'report', allow: [logs] });
      fs.statSync(secret); // without a subscriber
      require('node:diagnostics_channel').subscribe('impersonate:unsealed', (message) => {
        messages.push(message);
        fs.statSync(secret); // as the process
      });
      function lostContext() {
        return fs.readFileSync(secret, 'utf8');
      }
      print(lostContext() + lostContext());
      print(String(messages.length));
      const [{ operation, path: shown, process: service, user, stack }] = messages;
      print([operation, shown === secret, service.id === user.id, service.id === world.serviceId].join(' '));
      print(stack.split('\\n')[0].trim().split(' ').slice(0, 2).join(' '));
      print(String(/dist|node:fs/.test(stack)));
      fs.writeFileSync(log, '');
      withoutToken(() => fs.statSync(secret));
      await tokens.alice.run(() => fs.promises.stat(within(alice, 'file')));
      print(String(messages.length));
      messages.length = 0;
      print(tally(await all(secret)));
      print(String(messages.length >= 15));
      messages.length = 0;
      fs.cpSync(secret, path.join(folder, 'copy'));
      await fs.promises.rm(path.join(folder, 'copy'));
      print(messages.map((one) => [one.operation, Boolean(one.dest)].join(' ')).join());`,
    );
    expect(lines).toEqual([
      'of the serviceof the service',
      '1',
      'fs.readFileSync true true true',
      'at lostContext',
      'false',
      '1',
      'none',
      'true',
      'fs.cpSync true,fs.promises.rm false',
    ]);
  });
});

test('impersonate/unrouted does not export seal()', async () => {
  const { stdout } = await runOnThread(
    `process.stdout.write(String('seal' in require(${JSON.stringify(unrouted)})));`,
  );
  expect(stdout).toBe('false');
});

test('a thread without tokens is sealed as well', async () => {
  const lines = await linesOf(
    `const { seal } = require(${JSON.stringify(product)});
    const stat = () => { try { return typeof fs.statSync(__filename).size; } catch (error) { return error.code; } };
    print(stat());
    try { seal(); } catch (error) { print(error.code); }
    print(stat());`,
  );
  expect(lines).toEqual(
    ['win32', 'linux'].includes(process.platform)
      ? ['number', 'ERR_NO_TOKEN']
      : ['number', 'ERR_UNSUPPORTED_PLATFORM', 'number'],
  );
});
