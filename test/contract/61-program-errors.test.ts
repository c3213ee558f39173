import childProcess, { type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, openSync, closeSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ProgramOptions, Token } from 'impersonate';
import { linesOf } from '../support/children/child';
import { ended, isWindows, node, printed, programFile, whoAmI } from '../support/children/programs';
import { caught } from '../support/errors';
import { tempFolder } from '../support/folders';
import { product } from '../support/paths';
import { alice, describeSwitching, freshTokens } from '../support/world/acting';
import { world } from '../support/world/world';

const who = programFile(`console.log(${whoAmI});`);
const endless = programFile('console.log("ready"); setInterval(() => {}, 1e6);');
/** The code of a denied access, as node names it on this system. */
const denied = isWindows ? 'EPERM' : 'EACCES';

const errorOf = async (child: ChildProcess): Promise<unknown> =>
  ((await once(child, 'error')) as unknown[])[0];

describeSwitching('a program that cannot be started', () => {
  freshTokens();
  let folder: string;
  beforeAll(() => {
    folder = tempFolder('denied');
    mkdirSync(join(folder, 'secret'), { mode: 0o700 });
    writeFileSync(join(folder, 'secret', 'program'), '#!/bin/sh\n', { mode: 0o755 });
    writeFileSync(join(folder, 'text'), 'no program', { mode: 0o644 });
    writeFileSync(join(folder, 'no-interpreter'), '#!/no/such/interpreter\n');
    chmodSync(join(folder, 'no-interpreter'), 0o755);
  });

  test('emits the error of node', async () => {
    const child = alice.spawn('no-such-program', ['a', 'b']);
    expect(child.pid).toBeUndefined();
    const closed = once(child, 'close').catch(() => undefined);
    expect(await errorOf(child)).toMatchObject({
      code: 'ENOENT',
      syscall: 'spawn no-such-program',
      path: 'no-such-program',
      spawnargs: ['a', 'b'],
    });
    await closed;
    const result = alice.spawnSync('no-such-program', ['a']);
    expect(result).toMatchObject({ pid: 0, status: null, signal: null, output: null });
    expect(result.error).toMatchObject({
      code: 'ENOENT',
      syscall: 'spawnSync no-such-program',
      path: 'no-such-program',
      spawnargs: ['a'],
    });
  });

  test('ends its streams', async () => {
    const child = alice.spawn('no-such-program');
    child.on('error', () => {});
    const parts: unknown[] = [];
    for await (const part of child.stdout) parts.push(part);
    expect(parts).toEqual([]);
  });

  test('has the same error in a callback', async () => {
    const error = await new Promise((resolve) => {
      alice.execFile('no-such-program', ['a'], resolve);
    });
    expect(error).toMatchObject({ code: 'ENOENT', path: 'no-such-program', cmd: 'no-such-program a' });
  });

  test('has a working directory that does not exist', async () => {
    const error = await errorOf(alice.spawn(node, [who], { cwd: join(folder, 'none') }));
    expect(error).toMatchObject({ code: 'ENOENT', path: node });
  });

  // Wine does not check who opens a file.
  (isWindows ? test.skip : test)(
    'is one that the user may not execute, or enters a folder of others',
    async () => {
      for (const start of [
        () => alice.spawn(join(folder, 'secret', 'program')),
        () => alice.spawn(join(folder, 'text')),
        () => alice.spawn(node, [who], { cwd: join(folder, 'secret') }),
      ]) {
        expect(await errorOf(start())).toMatchObject({ code: denied });
      }
      expect(alice.spawnSync(node, [who], { cwd: join(folder, 'secret') }).error).toMatchObject({
        code: denied,
      });
      expect(await errorOf(alice.spawn(join(folder, 'no-interpreter')))).toMatchObject({ code: 'ENOENT' });
    },
  );

  test.each<[string, (token: Token) => unknown]>([
    ['a null character in an argument', (token) => token.spawn(node, ['a\0b'])],
    ['a null character in a command', (token) => token.execSync('a\0b')],
    ['a null character in the working directory', (token) => token.spawn(node, [], { cwd: 'a\0b' })],
    ['a null character in the environment', (token) => token.spawn(node, [], { env: { A: 'a\0b' } })],
    ['a name with =', (token) => token.spawnSync(node, [], { env: { 'A=B': '' } })],
    ['an empty name', (token) => token.spawn(node, [], { env: { '': 'a' } })],
    ['an unknown limit', (token) => token.spawn(node, [], { limits: { none: 1 } as object })],
  ])('rejects %s', (_name, start) => {
    expect(caught(() => start(alice))).toMatchObject({ name: 'TypeError', code: 'ERR_INVALID_ARG_VALUE' });
  });

  test.each<[string, (token: Token) => unknown]>([
    ['no command', (token) => token.spawn(undefined as never)],
    ['arguments that are text', (token) => token.spawn(node, 'a' as never)],
    ['options that are text', (token) => token.spawnSync(node, [], 'a' as never)],
    ['an option of the wrong type', (token) => token.fork(who, { tree: 'yes' as never })],
    ['options that are null', (token) => token.spawn(node, [], null as never)],
    ['options that are a list', (token) => token.execFile(node, [], [] as never)],
    ['options that are a function', (token) => token.fork(who, [], (() => {}) as never)],
    ['a command that is a number, with a callback', (token) => token.exec(5 as never, () => {})],
    ['a callback that is text', (token) => token.execFile(node, [], {}, 'a' as never)],
    ['a callback that is text, without arguments', (token) => token.execFile(node, {}, 'a' as never)],
  ])('rejects %s', (_name, start) => {
    expect(caught(() => start(alice))).toMatchObject({ name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' });
  });

  test.each<ProgramOptions>(
    isWindows
      ? [{ session: 'login' }, { limits: { nproc: 1 } }, { noNewPrivileges: true }]
      : [{ desktop: 'winsta0\\default' }],
  )('has an option of the other system: %j', (options) => {
    const expected = { name: 'ImpersonationError', code: 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM' };
    expect(caught(() => alice.spawn(node, [who], options))).toMatchObject(expected);
    expect(caught(() => alice.spawnSync(node, [who], options))).toMatchObject(expected);
  });

  test('is of a closed token, or of one that permits inspection only', () => {
    using shown = alice.duplicate({ level: 'identification' });
    for (const start of [() => shown.spawn(node, [who]), () => shown.spawnSync(node, [who])]) {
      expect(caught(start)).toMatchObject({ name: 'ImpersonationError', code: 'ERR_TOKEN_LEVEL' });
    }
    alice.close();
    expect(caught(() => alice.spawn(node)).code).toBe('ERR_TOKEN_CLOSED');
    expect(caught(() => alice.execSync('exit')).code).toBe('ERR_TOKEN_CLOSED');
    expect(caught(() => alice.exec).code).toBe('ERR_TOKEN_CLOSED');
  });

  test('takes a callback wherever node does', async () => {
    const run = (start: (done: (...given: unknown[]) => void) => unknown): Promise<unknown[]> =>
      new Promise((resolve) => {
        start((...given) => {
          resolve(given);
        });
      });
    const file = 'no-such-program';
    const starts: ((done: (...given: unknown[]) => void) => unknown)[] = [
      (done) => alice.execFile(file, done),
      (done) => alice.execFile(file, [], done),
      (done) => alice.execFile(file, {}, done),
      (done) => alice.execFile(file, null, null as never, done),
      (done) => alice.execFile(file, undefined, {}, done),
      (done) => (alice.execFile as (...given: unknown[]) => unknown)(file, done, 'ignored'),
    ];
    for (const start of starts) expect(await run(start)).toMatchObject([{ code: 'ENOENT' }, '', '']);
    expect(await run((done) => alice.exec('exit 3', done))).toMatchObject([{ code: 3 }, '', '']);
    expect(await run((done) => alice.exec('exit 3', undefined as never, done))).toMatchObject([
      { code: 3 },
      '',
      '',
    ]);
  });

  test('names a uid or gid', () => {
    for (const ids of [{ uid: 0 }, { gid: 0 }]) {
      const message = expect.stringContaining('uid or gid') as string;
      const refused = { code: 'ERR_NOT_ROUTED', message };
      const starts: (() => unknown)[] = [
        () => alice.spawn(node, [who], ids as object),
        () => alice.spawnSync(node, [who], ids as object),
        () => alice.execFile(node, [who], ids as object),
        () => alice.run(() => childProcess.spawn(node, [who], ids)),
        () => alice.run(() => childProcess.spawnSync(node, [who], ids)),
      ];
      for (const start of starts) expect(caught(start)).toMatchObject(refused);
    }
  });

  test('has wrong options, which node reports, and leaves the ChildProcess to the next user', async () => {
    const { ChildProcess: Bare } = childProcess as unknown as {
      ChildProcess: new () => ChildProcess & { spawn(options: object): number };
    };
    const child = new Bare();
    for (const wrong of [
      { args: 'a' },
      { envPairs: null, stdio: ['ignore', 'ignore', 'ignore', 'ipc'] },
      { file: 1 },
    ]) {
      const error = caught(() => alice.run(() => child.spawn({ file: node, ...wrong })));
      expect(error).toMatchObject({ name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' });
      expect(error.message).toContain(`"options.${Object.keys(wrong)[0] ?? ''}"`);
    }
    using bob = await world.bob.token();
    bob.run(() => child.spawn({ file: node, args: [node, who], envPairs: null }));
    expect(await printed(child)).toBe(world.bob.id);
  });

  test('is started with its own options, and not with what other code has added to Object.prototype', async () => {
    const lines = await linesOf(`
      const { execFileSync, spawn } = require('node:child_process');
      const token = await world.alice.token();
      const file = process.execPath, args = ['-p', 'process.env.A'];
      const { prototype } = Object;
      for (const [name, value] of Object.entries({ uid: 0, tree: 'yes', limits: 5, serialization: 'none', env: { A: 'B' } })) {
        prototype[name] = value;
        try {
          const { stdout } = token.spawnSync(file, args);
          token.spawn(file, args, { stdio: 'ignore' });
          token.run(() => execFileSync(file, args));
          token.run(() => spawn(file, args, { stdio: 'ignore' }));
          print(name + ' ' + stdout);
        } catch (error) { print(error.message); }
        delete prototype[name];
      }`);
    const names = ['uid', 'tree', 'limits', 'serialization', 'env'];
    expect(lines).toEqual(names.map((name) => `${name} undefined`));
  });

  test('is not started as the process if node:child_process has been replaced', async () => {
    const lines = await linesOf(
      `const childProcess = require('node:child_process');
      const { spawn } = childProcess;
      childProcess.spawn = (file, args, options) => spawn(file, args, { ...options, env: { ...options?.env } });
      const { Token } = require(${JSON.stringify(product)});
      const token = Token.process();
      const { execFile } = childProcess;
      try { token.spawn(process.execPath, ['-v']); console.log('started'); } catch (error) { console.log(error.code); }
      token.close();`,
      {},
      'bare',
    );
    expect(lines).toEqual(['ERR_NOT_ROUTED']);
  });
});

describeSwitching('a program that does not end by itself', () => {
  freshTokens();

  test('is ended by a time limit, with the signal that is asked for', async () => {
    const child = alice.spawn(node, [endless], { timeout: 300, killSignal: 'SIGKILL' });
    expect(await once(child, 'close')).toEqual([null, 'SIGKILL']);
    const result = alice.spawnSync(node, [endless], { timeout: 300, killSignal: 'SIGKILL' });
    expect(result).toMatchObject({ status: null, signal: 'SIGKILL' });
    expect(result.error).toMatchObject({ code: 'ETIMEDOUT', syscall: `spawnSync ${node}` });
    expect(caught(() => alice.execFileSync(node, [endless], { timeout: 300 })).code).toBe('ETIMEDOUT');
  });

  test('is ended by an AbortSignal', async () => {
    const abort = new AbortController();
    const child = alice.spawn(node, [endless], { signal: abort.signal });
    await once(child.stdout, 'data');
    const failed = errorOf(child);
    const closed = new Promise((resolve) => child.once('exit', resolve));
    abort.abort();
    expect(await failed).toMatchObject({ name: 'AbortError', code: 'ABORT_ERR' });
    await closed;
    expect(child.signalCode).toBe('SIGTERM');
  });

  test('is ended by too much output', async () => {
    const much = programFile(
      'const text = "x".repeat(4096); const write = () => process.stdout.write(text, write); write();',
    );
    const error = await new Promise((resolve) => {
      alice.execFile(node, [much], { maxBuffer: 10_000 }, resolve);
    });
    expect(error).toMatchObject({ code: 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER' });
    expect(alice.spawnSync(node, [much], { maxBuffer: 10_000 }).error).toMatchObject({ code: 'ENOBUFS' });
  });

  test('keeps the event loop alive unless it is unreferenced', async () => {
    const lines = await linesOf(`
      const token = await world.alice.token();
      const child = token.spawn(process.execPath, [${JSON.stringify(endless)}], { stdio: 'ignore' });
      child.unref();
      process.on('exit', () => { print('over'); child.kill(); });`);
    expect(lines).toEqual(['over']);
  });
});

describeSwitching('what a program gets', () => {
  freshTokens();

  test('is nothing of the environment of the process', async () => {
    process.env.IMPERSONATE_TEST_SECRET = 'secret';
    try {
      const names = programFile('console.log(JSON.stringify(process.env))');
      const of = async (child: ChildProcess): Promise<NodeJS.Dict<string>> =>
        JSON.parse(await printed(child)) as NodeJS.Dict<string>;
      const own = await alice.environment();
      const starts = [
        () => alice.spawn(node, [names]),
        () => alice.run(() => childProcess.spawn(node, [names])),
        () => alice.run(() => childProcess.spawn(node, [names], { env: undefined })),
        () => alice.execFile(node, [names]),
        () => alice.fork(names, { silent: true, execArgv: [] }),
      ];
      for (const start of starts) {
        const seen = await of(start());
        expect(seen).not.toHaveProperty('IMPERSONATE_TEST_SECRET');
        expect(seen).toMatchObject(own);
      }
      const sync = alice.execFileSync(node, [names], { encoding: 'utf8' });
      expect(JSON.parse(sync)).not.toHaveProperty('IMPERSONATE_TEST_SECRET');
    } finally {
      delete process.env.IMPERSONATE_TEST_SECRET;
    }
  });

  test('is no variable of the process, also not the folder of its coverage', async () => {
    const lines = await linesOf(
      `const { spawnSync } = require('node:child_process');
      const token = await world.alice.token();
      const system = process.platform === 'win32' ? { SystemRoot: process.env.SystemRoot } : {};
      const show = (options) => [process.execPath, ['-p', 'Object.keys(process.env).filter((name) => /SECRET|COVERAGE/.test(name)).join() || "none"'], options];
      for (const options of [{}, { env: { ...system, A: '1' } }]) {
        print(token.spawnSync(...show(options)).stdout.toString().trim());
        print(token.run(() => spawnSync(...show(options))).stdout.toString().trim());
      }`,
      { env: { IMPERSONATE_TEST_SECRET: 'secret', NODE_V8_COVERAGE: tempFolder('coverage') } },
    );
    expect(lines).toEqual(['none', 'none', 'none', 'none']);
  });

  test('is the environment that is given, and no more', async () => {
    const names = programFile('console.log(Object.keys(process.env).sort().join())');
    // Without it no program starts on Windows.
    const system = isWindows ? { SystemRoot: process.env.SystemRoot } : {};
    const env = { ...system, B: '1', A: '2', C: undefined };
    const seen = isWindows ? (expect.stringMatching(/^A,B,/) as string) : 'A,B';
    expect(await printed(alice.spawn(node, [names], { env }))).toEqual(seen);
    expect(await printed(alice.run(() => childProcess.spawn(node, [names], { env })))).toEqual(seen);
    expect(alice.execFileSync(node, [names], { env, encoding: 'utf8' }).trim()).toEqual(seen);
  });

  test('are files, pipes, the null device, and descriptors beyond the third', async () => {
    const file = join(tempFolder('stdio'), 'out');
    const fd = openSync(file, 'w');
    const source = `const fs = require('node:fs'); fs.writeSync(1, 'to the file'); fs.writeSync(3, 'three'); process.exitCode = fs.readSync(0, Buffer.alloc(1));`;
    const child = alice.spawn(node, ['-e', source], { stdio: ['ignore', fd, 'pipe', 'pipe'] });
    closeSync(fd);
    const [, , , third] = child.stdio;
    let text = '';
    (third as NodeJS.ReadableStream).on('data', (part) => (text += String(part)));
    expect(await ended(child)).toMatchObject({ code: 0, stderr: '' });
    expect(text).toBe('three');
    expect(readFileSync(file, 'utf8')).toBe('to the file');
  });

  test('are the arguments as they stand, also with quotes and spaces, and argv0', async () => {
    const print = programFile('console.log(JSON.stringify([process.argv0, ...process.argv.slice(2)]))');
    const args = ['', ' ', 'a b', '"', 'a"b c', '\\', 'a\\"', 'ä €', '*', '%PATH%', '$HOME'];
    const child = alice.spawn(node, [print, ...args], { argv0: 'named' });
    expect(JSON.parse(await printed(child))).toEqual(['named', ...args]);
  });

  test('is the working directory', async () => {
    const folder = tempFolder('cwd');
    chmodSync(folder, 0o755);
    const child = alice.spawn(node, ['-p', 'process.cwd()'], { cwd: folder });
    expect((await printed(child)).toLowerCase()).toBe(folder.toLowerCase());
  });
});

describeSwitching("the user's surroundings", () => {
  freshTokens();

  test('are the environment, the home folder and known folders', async () => {
    const own = await alice.environment();
    expect(alice.home).toBe((isWindows ? own.USERPROFILE : own.HOME) ?? '');
    expect(await alice.knownFolder('Documents')).toContain(alice.home);
    await expect(alice.knownFolder('None' as never)).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' });
    await expect(alice.knownFolder(1 as never)).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
    expect(world.serviceId).not.toBe(alice.user.id);
  });

  test('are a profile that is loaded and unloaded', async () => {
    const profile = await alice.loadProfile();
    await profile.unload();
    await profile.unload();
    {
      await using _profile = await alice.loadProfile();
    }
    alice.close();
    expect(caught(() => alice.home).code).toBe('ERR_TOKEN_CLOSED');
    await expect(alice.environment()).rejects.toMatchObject({ code: 'ERR_TOKEN_CLOSED' });
    await expect(alice.knownFolder('Music')).rejects.toMatchObject({ code: 'ERR_TOKEN_CLOSED' });
  });
});
