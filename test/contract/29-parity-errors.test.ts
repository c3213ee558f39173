import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { runSource } from '../support/children/child';
import { differences } from '../support/children/parity';
import { registered } from '../support/children/sources';
import { tempFolder } from '../support/folders';
import { product, root } from '../support/paths';
import { describeSwitching } from '../support/world/acting';

/** For `differences`: what programs see of an error. */
const seen = `const seen = (error) => [error.name, error.code, String(error), error.stack.split('\\n')[0]];
  const failure = async (work) => { try { return ['none', await work()]; } catch (error) { return seen(error); } };`;

describeSwitching('errors of node:fs in a flow, as without routing', () => {
  test("node's own checks have node's name in text and stack", async () => {
    const lines = await differences(`${seen}
      await same('rm', (at) => failure(() => fs.promises.rm(at)));
      await same('rm(callback)', (at) => new Promise((done) => fs.rm(at, (error) => done(seen(error)))));
      await same('cp', (at) => failure(() => fs.promises.cp(at, path.join(at, 'q'))));
      await same('cpSync', (at) => failure(() => fs.cpSync(at, path.join(at, 'q'))));
      await same('closed', (at) => {
        const dir = fs.opendirSync(at);
        dir.closeSync();
        return Promise.all([failure(() => dir.readSync()), failure(() => dir.closeSync()), failure(() => dir.read()), failure(() => dir.close())]);
      });
      for (const options of [{ bufferSize: 0 }, { bufferSize: '1' }, { bufferSize: 2 ** 32 }])
        await same('opendirSync ' + options.bufferSize, (at) => failure(() => fs.opendirSync(at, options).closeSync()));
      await same('callbacks of Dir', async (at) => {
        const dir = await fs.promises.opendir(at);
        const found = [await failure(() => dir.read('no')), await failure(() => dir.close(5)), dir instanceof fs.Dir, dir.constructor.name];
        await dir.close();
        return found;
      });`);
    expect(lines).toEqual(['compared']);
  });

  test('what is not routed has wrong arguments rejected first', async () => {
    const lines = await differences(`${seen}
      const works = [
        () => fs.watchFile(5, () => {}), () => fs.watchFile('x'), () => fs.watchFile('x', {}, 5), () => fs.watchFile('x\\0', () => {}),
        () => fs.openAsBlob(5), () => fs.openAsBlob('x', 5), () => fs.openAsBlob('x', { type: 5 }),
        () => fs.promises.watch('x', { recursive: '1' }).next(), () => fs.watch(5, { recursive: false }),
        ...(process.platform === 'win32' ? [] : [() => fs.watch('x', { recursive: '1' })]),
      ];
      for (const [index, work] of works.entries()) await same('refused ' + index, () => failure(work));
      print(await own.run(async () => (await failure(() => fs.watchFile('x', () => {})))[1]));
      print(await own.run(async () => (await failure(() => fs.openAsBlob('x', {})))[1]));
      print(await own.run(async () => (await failure(() => fs.promises.watch('x', { recursive: true }).next()))[1]));
      print(await own.run(async () => (await failure(() => fs.watch('x', { recursive: true })))[1]));`);
    expect(lines).toEqual([...Array<string>(4).fill('ERR_NOT_ROUTED'), 'compared']);
  });

  test('warnings are printed once, by node', async () => {
    const lines = await differences(`
      const warnings = [];
      process.on('warning', ({ code, message }) => warnings.push(code ?? message.split(' ')[0]));
      const twice = async (work) => { for (const run of [(fn) => own.run(fn), (fn) => withoutToken(fn), (fn) => own.run(fn), (fn) => own.runSync(() => [fn()])[0]]) await run(work); };
      await twice(() => fs.promises.mkdtemp(path.join(folder, 'endsX')).then(() => undefined));
      await twice(() => { fs.mkdtempSync(Buffer.from(path.join(folder, 'endsX'))); });
      await twice(() => fs.promises.rmdir(path.join(folder, 'none'), { recursive: true }).catch(() => undefined));
      await new Promise((resolve) => setTimeout(resolve));
      print(warnings.join());`);
    const recursive = Number.parseInt(process.versions.node, 10) < 26 ? ',DEP0147' : '';
    expect(lines).toEqual([`mkdtemp()${recursive}`, 'compared']);
  });

  test('a synchronous error has the frames of its caller, not of this package', async () => {
    const lines = await registered(
      'parity-sync-frames',
      `const deep = (levels, work) => levels === 0 ? work() : deep(levels - 1, work);
      const none = path.join(folder, 'none');
      const works = { readFileSync: () => fs.readFileSync(none), statSync: () => fs.statSync(none), openSync: () => fs.openSync(none), rmSync: () => fs.rmSync(none), readdirSync: () => fs.readdirSync(none) };
      for (const [name, work] of Object.entries(works)) {
        for (const run of [(fn) => tokens.alice.run(fn), (fn) => tokens.alice.runSync(fn)]) {
          const stack = run(() => { try { deep(7, work); } catch (error) { return error.stack; } });
          print(String(!stack.includes('dist') && stack.split('at deep').length === 9));
        }
      }
      const thrown = new Error('mine');
      const before = thrown.stack;
      tokens.alice.runSync(() => { fs.mkdirSync(within(alice, 'tree')); });
      tokens.alice.run(() => { try { fs.cpSync(within(alice, 'tree'), within(alice, 'copy'), { recursive: true, filter() { throw Object.assign(thrown, { syscall: 'none' }); } }); } catch (error) { print(String(error === thrown && error.stack === before)); } });`,
    );
    expect(lines).toEqual(Array<string>(11).fill('true'));
  });

  test('functions of promises are in the stacks of their rejections, in flows and held scopes', async () => {
    const lines = await registered(
      'parity-async-frames',
      `const none = path.join(folder, 'none');
      async function waiting(work) { try { await work(); } catch (error) { return error.stack; } }
      for (const name of ['access', 'readFile', 'stat', 'readdir', 'unlink', 'lstat']) {
        const stack = await tokens.alice.run(() => waiting(() => fs.promises[name](none)));
        print(String(stack.includes('at async Object.' + name) && stack.includes('at async waiting')));
      }
      const held = await waiting(() => tokens.alice.runSync(() => [fs.promises.access(none)])[0]);
      print(String(held.includes('at async Object.access')));
      let rejected;
      { const scope = tokens.alice.impersonate(); rejected = fs.promises.access(none); scope[Symbol.dispose](); }
      print((await waiting(() => rejected)).split(':')[1].trim());`,
    );
    expect(lines).toEqual([...Array<string>(7).fill('true'), 'ENOENT']);
  });
});

test("rejections of a token's sources have the frames of each of their callers", async () => {
  const { stdout, stderr } = await runSource(
    `const { TokenCache } = require(${JSON.stringify(product)});
    const cache = new TokenCache();
    async function first(work) { try { await work(); } catch (error) { return error; } }
    async function second(work) { try { await work(); } catch (error) { return error; } }
    const none = 'imp-no-such-user';
    const alone = await first(() => Token.forUser(none));
    const [one, two] = await Promise.all([first(() => cache.forUser(none)), second(() => cache.forUser(none))]);
    const has = (error, name) => error instanceof ImpersonationError && new RegExp('at async ' + name).test(error.stack);
    print([has(alone, 'first'), has(one, 'first'), has(two, 'second'), has(one, 'second'), one.code === alone.code && one.errno === alone.errno && one.syscall === alone.syscall].join());
    const reason = new Error('over');
    const { stack } = reason;
    const aborted = await first(() => cache.forUser(none, { signal: AbortSignal.abort(reason) }));
    print(String(aborted === reason && aborted.stack === stack));`,
  );
  expect({ lines: stdout.split(/\r?\n/).filter(Boolean), stderr }).toEqual({
    lines: ['true,true,true,false,true', 'true'],
    stderr: '',
  });
});

describeSwitching('results of node:fs in a flow, as without routing', () => {
  test('recursive readdir() in each form, and what recursive may be', async () => {
    const lines = await differences(`
      for (const at of Object.values(places)) {
        for (const name of ['a/b/c', 'a/d', 'e/f', 'g']) fs.mkdirSync(path.join(at, name), { recursive: true });
        for (const name of ['a/b/x', 'a/y', 'z', 'e/w']) fs.writeFileSync(path.join(at, name), '');
        if (process.platform !== 'win32') fs.symlinkSync(path.join(at, 'a'), path.join(at, 'e', 'link'));
      }
      const shownEntries = (entries) => entries.map((entry) => entry.name === undefined ? entry : [entry.parentPath, entry.name]);
      for (const withFileTypes of [true, false]) {
        const options = { recursive: true, withFileTypes };
        await same('callback ' + withFileTypes, (at) => new Promise((done, fail) => fs.readdir(at, options, (error, found) => error ? fail(error) : done(shownEntries(found)))));
        await same('promise ' + withFileTypes, (at) => fs.promises.readdir(at, options).then(shownEntries));
        await same('sync ' + withFileTypes, (at) => shownEntries(fs.readdirSync(at, options)));
      }
      for (const recursive of ['1', 1, {}, null, undefined, false]) {
        await same('callback ' + recursive, (at) => called('readdir', at, { recursive }));
        await same('sync ' + recursive, (at) => fs.readdirSync(at, { recursive }));
      }`);
    expect(lines).toEqual(['compared']);
  });

  test('realpath() with a callback names the part that failed, and follows links', async () => {
    const lines = await differences(`
      for (const at of Object.values(places)) {
        fs.mkdirSync(path.join(at, 'd', 'inner'), { recursive: true });
        if (process.platform === 'win32') continue;
        fs.symlinkSync('d', path.join(at, 'to'));
        fs.symlinkSync(path.join(at, 'to'), path.join(at, 'd', 'back'));
        fs.symlinkSync('loop', path.join(at, 'loop'));
        fs.symlinkSync('../none', path.join(at, 'd', 'dangling'));
      }
      for (const name of ['d', 'd/none/x', 'to/inner', 'to/back/inner', 'd/back/back/inner', 'loop/x', 'd/dangling', 'file/x', '.', '..', 'd/'])
        await same(name, (at) => called('realpath', path.join(at, name)));
      await same('native', (at) => new Promise((done) => fs.realpath.native(path.join(at, 'd', 'none'), (error) => done(error.syscall))));
      await same('root', () => called('realpath', path.parse(folder).root));
      await same('bytes', async (at) => (await called('realpath', Buffer.from(at), 'buffer')).map(String));
      await same('no callback', (at) => { fs.realpath(at); });
      await same('no native callback', (at) => { fs.realpath.native(at); });
      // Only the user may enter the folder.
      print(await tokens.bob.run(() => outcome(() => new Promise((done, fail) => fs.realpath(within(alice, 'file'), (error, found) => error ? fail(error) : done(found))))));`);
    expect(lines.at(-1)).toBe('compared');
    expect(lines.filter((line) => line !== 'compared')).toEqual(['denied']);
  });

  test('errors of glob() go where node reports them', async () => {
    const lines = await differences(`
      if (fs.glob) for (const [index, args] of [[1], ['*', 5], ['*', { exclude() { throw new Error('excluded'); } }], ['*', { exclude: 5 }]].entries()) {
        const given = (at) => [typeof args[0] === 'string' ? path.join(at, args[0]) : args[0], ...args.slice(1)];
        await same('callback ' + index, (at) => called('glob', ...given(at)));
        await same('promise ' + index, async (at) => { const found = []; for await (const name of fs.promises.glob(...given(at))) found.push(name); return found; });
        await same('sync ' + index, (at) => fs.globSync(...given(at)));
      }`);
    expect(lines).toEqual(['compared']);
  });

  test('a file that is too long for a string', async () => {
    const lines = await differences(`
      const file = path.join(places.flowed, 'file');
      fs.truncateSync(file, 0x2000_0000);
      print(await own.run(() => new Promise((done) => fs.readFile(file, 'latin1', (error) => done(error.code)))));`);
    expect(lines).toEqual(['ERR_STRING_TOO_LONG', 'compared']);
  });

  test('callbacks are called while a test has replaced process.nextTick() and timers', async () => {
    const lines = await registered(
      'parity-ticks',
      `const { nextTick } = process;
      const { setTimeout: timer } = globalThis;
      const call = (name, ...args) => new Promise((done) => fs[name](...args, (first) => done(first?.code ?? String(first))));
      process.nextTick = () => {};
      globalThis.setTimeout = () => {};
      const none = path.join(folder, 'none');
      const calls = tokens.alice.run(() => Promise.all([call('stat', none), call('open', none), call('exists', none), call('readFile', within(alice, 'file')), call('writeFile', within(alice, 'w'), 'x'), call('rmdir', none), call('opendir', none)]));
      const found = await Promise.race([calls, new Promise((done) => timer(done, 20_000, ['late']))]);
      process.nextTick = nextTick;
      globalThis.setTimeout = timer;
      print(found.join());
      process.exit();`,
    );
    expect(lines).toEqual(['ENOENT,ENOENT,false,null,null,ENOENT,ENOENT']);
  });

  test('writeFile() and appendFile() with a callback use the functions that a tool has put into node:fs', async () => {
    const lines = await registered(
      'parity-write-spies',
      `const calls = [];
      for (const name of ['open', 'write', 'fsync', 'close']) {
        const before = fs[name];
        fs[name] = (...args) => { calls.push(name); return before(...args); };
      }
      const call = (name, ...args) => new Promise((done) => fs[name](...args, (error) => done(codeOf(error ?? { code: 'ok' }))));
      const file = within(alice, 'new');
      print(await tokens.alice.run(() => call('writeFile', file, 'one', { flush: true })));
      print(calls.splice(0).join());
      print(await tokens.alice.run(() => call('appendFile', file, Buffer.from(' two'))));
      print(await tokens.alice.run(() => call('writeFile', file, 'x', { flag: 'wx' })));
      print(await tokens.alice.run(() => call('writeFile', file, 'x', { signal: AbortSignal.abort() })));
      calls.length = 0;
      for (const name of ['writeFile', 'appendFile']) {
        print(await tokens.bob.run(() => call(name, file, 'x')));
        print(await new Promise((done) => tokens.bob.runSync(() => { call(name, file, 'x').then(done); })));
      }
      print(calls.join());
      print(await tokens.alice.run(() => fs.promises.readFile(file, 'utf8')));`,
    );
    expect(lines).toEqual([
      ...['ok', 'open,write,fsync,close', 'ok', 'EEXIST', 'ABORT_ERR'],
      ...['denied', 'denied', 'denied', 'denied', 'open,open', 'one two'],
    ]);
  });
});

const allowed = process.allowedNodeEnvironmentFlags;
const permission = ['--permission', '--experimental-permission'].find((flag) => allowed.has(flag));
/** Node 20 loads no addon under its permission model. */
const canRestrict = permission !== undefined && Number.parseInt(process.versions.node, 10) >= 22;

(canRestrict ? test : test.skip)("node's permission model holds in flows and scopes", async () => {
  const folder = realpathSync(tempFolder('parity-permission'));
  const source = `const fs = require('node:fs');
    const path = require('node:path');
    const { Token } = require(${JSON.stringify(product)});
    const own = Token.process();
    const allowed = path.join(${JSON.stringify(folder)}, 'allowed');
    const forbidden = path.join(${JSON.stringify(folder)}, 'forbidden');
    const call = (name, ...args) => new Promise((done, fail) => fs[name](...args, (error, result) => error ? fail(error) : done(result)));
    const read = (at) => new Promise((done, fail) => fs.createReadStream(path.join(at, 'file')).on('error', fail).on('end', done).resume());
    const { promises } = fs;
    const works = {
      readFile: (at) => promises.readFile(path.join(at, 'file')), readFileCallback: (at) => call('readFile', path.join(at, 'file')), readFileSync: (at) => fs.readFileSync(path.join(at, 'file')),
      stat: (at) => promises.stat(path.join(at, 'file')), statSync: (at) => fs.statSync(path.join(at, 'file')), accessSync: (at) => fs.accessSync(path.join(at, 'file')),
      // Its result depends on the version.
      existsSync: (at) => { if (!fs.existsSync(path.join(at, 'file'))) throw Object.assign(new Error(), { code: 'ERR_ACCESS_DENIED' }); },
      readdir: (at) => promises.readdir(at), readdirSync: (at) => fs.readdirSync(at), opendirSync: (at) => fs.opendirSync(at).closeSync(), stream: read,
      writeFile: (at) => promises.writeFile(path.join(at, 'w'), ''), writeFileSync: (at) => fs.writeFileSync(path.join(at, 'w'), ''), writeFileCallback: (at) => call('writeFile', path.join(at, 'w'), ''),
      copyFile: (at) => promises.copyFile(path.join(at, 'file'), path.join(allowed, 'copy')), cp: (at) => promises.cp(path.join(at, 'file'), path.join(allowed, 'copy')),
      copyInto: (at) => promises.copyFile(path.join(allowed, 'file'), path.join(at, 'copied')), rename: (at) => promises.rename(path.join(allowed, 'w'), path.join(at, 'w')),
      mkdir: (at) => promises.mkdir(path.join(at, 'd', 'e'), { recursive: true }), mkdtempSync: (at) => fs.mkdtempSync(path.join(at, 't')), chmodSync: (at) => fs.chmodSync(path.join(at, 'file'), 0o600),
      truncateSync: (at) => fs.truncateSync(path.join(at, 'w')), rm: (at) => promises.rm(path.join(at, 'd'), { recursive: true }), unlinkSync: (at) => fs.unlinkSync(path.join(at, 'w')),
      append: async (at) => { const file = await promises.open(path.join(at, 'file'), 'a'); await file.close(); },
    };
    const outcome = async (work) => { try { await work(); return 'done'; } catch ({ code, message }) { return code ?? message; } };
    (async () => {
      for (const [name, work] of Object.entries(works)) {
        for (const run of [(fn) => own.run(fn), (fn) => own.runSync(() => [fn()])[0]]) {
          const found = [await outcome(() => run(() => work(allowed))), await outcome(() => run(() => work(forbidden)))].join();
          if (found !== 'done,ERR_ACCESS_DENIED') console.log(name, found);
          if (name === 'rename' || name === 'unlinkSync') fs.writeFileSync(path.join(allowed, 'w'), '');
          if (name === 'rm') fs.mkdirSync(path.join(allowed, 'd'));
        }
      }
      console.log('compared');
    })();`;
  const prepare = `const fs = require('node:fs');
    for (const name of ['allowed', 'forbidden']) { fs.mkdirSync(${JSON.stringify(folder)} + '/' + name); fs.writeFileSync(${JSON.stringify(folder)} + '/' + name + '/file', ''); }`;
  expect(await runSource(prepare, {}, 'bare')).toMatchObject({ code: 0 });
  const descriptors = process.platform === 'linux' ? [join('/proc/self/fd', '*')] : [];
  const reads = [
    join(root, '*'),
    join(folder, '..', 'impersonate-child*'),
    join(folder, 'allowed', '*'),
    ...descriptors,
  ];
  const writes = [join(folder, 'allowed', '*'), ...descriptors];
  const execArgv = [
    ...[permission as string, '--allow-addons', '--no-warnings'],
    ...reads.map((path) => `--allow-fs-read=${path}`),
    ...writes.map((path) => `--allow-fs-write=${path}`),
  ];
  const { stdout, stderr } = await runSource(source, { execArgv }, 'bare');
  expect({ stdout: stdout.trim(), stderr }).toEqual({ stdout: 'compared', stderr: '' });
});
