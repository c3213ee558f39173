import { execFileSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { linesOf, runSource } from '../support/children/child';
import { describeSwitching } from '../support/world/acting';
import { tempFolder } from '../support/folders';
import { userThreads as open } from '../support/linux/user-threads';
import { world } from '../support/world/linux';

const folder = tempFolder('user-threads');
chmodSync(folder, 0o777);
let names = 0;

function newPipe(): string {
  const path = join(folder, String(names++));
  execFileSync('mkfifo', ['-m', '0666', path]);
  return path;
}

const product = JSON.stringify(require.resolve('impersonate'));
describeSwitching('a thread that stays a user', () => {
  const { uid, gid } = world.alice;

  test('has the reserved real uid, and may not be signalled, reniced, pinned, limited, traced or read', async () => {
    const lines = await linesOf(`${open}
      const { spawnSync } = require('node:child_process');
      long();
      await read('alice');
      await settled(() => poolStats().staying === 1);
      const [[id, { uids, capabilities }]] = usersOf();
      print([uids, capabilities.effective].join(' '));
      const asAlice = (...args) => {
        const { status, stderr } = spawnSync(args[0], args.slice(1), { uid: ${String(uid)}, gid: ${String(gid)}, encoding: 'utf8' });
        return args[0].replace(/.*\\//, '') + ' ' + (status !== 0 && /not permitted|denied/i.test(stderr));
      };
      print(asAlice('/bin/kill', '-0', id));
      print(asAlice('renice', '-n', '5', '-p', id));
      print(asAlice('taskset', '-p', '1', id));
      print(asAlice('prlimit', '--pid', id, '--nofile=8:8'));
      print(asAlice('/bin/cat', '/proc/' + process.pid + '/task/' + id + '/mem'));
      print(asAlice('/bin/ls', '/proc/' + process.pid + '/task/' + id + '/fd'));
      print(asAlice('/bin/cat', '/proc/' + process.pid + '/task/' + id + '/environ'));
      const trace = 'import ctypes,os,sys; libc=ctypes.CDLL(None, use_errno=True); r=libc.ptrace(16, int(sys.argv[1]), 0, 0); sys.exit(0 if r == 0 else os.strerror(ctypes.get_errno()))';
      print(asAlice('python3', '-c', trace, id));`);
    expect(lines).toEqual([
      `${[65533, uid, 0, uid].join()} 0`,
      ...['kill', 'renice', 'taskset', 'prlimit', 'cat', 'ls', 'cat', 'python3'].map(
        (name) => `${name} true`,
      ),
    ]);
  });

  test('reverts when it has been idle, and at once if it may not stay', async () => {
    const lines = await linesOf(`${open}
      configurePool({ idleTime: 50 });
      await read('alice');
      await settled(() => usersOf().length === 0);
      print('idle');
      configurePool({ idleTime: 0 });
      for (let i = 0; i < 50; i++) {
        await read(i % 2 ? 'alice' : 'bob');
        await settled(() => poolStats().staying === 0 && poolStats().busy === 0);
        if (usersOf().length > 0) print('still a user');
      }
      long();
      await read('alice');
      await settled(() => usersOf().length === 1);
      configurePool({ idleTime: 0 });
      await settled(() => usersOf().length === 0);
      print('called back');`);
    expect(lines).toEqual(['idle', 'called back']);
  });

  test('sleeps when it has no work, however soon it had some before', async () => {
    const lines = await linesOf(`${open}
      long();
      for (let i = 0; i < 500; i++) await read('alice');
      const states = () => usersOf().map(([id]) => fs.readFileSync('/proc/self/task/' + id + '/stat', 'utf8').split(') ')[1][0]);
      // Ten times in a row.
      let asleep = 0;
      await settled(() => (asleep = states().join() === 'S' ? asleep + 1 : 0) === 10);
      print('asleep');`);
    expect(lines).toEqual(['asleep']);
  });

  test('reverts before close() returns, for the last token of the user', async () => {
    const lines = await linesOf(`${open}
      long();
      await stayingAs('alice');
      await stayingAs('bob');
      const name = world.alice.name;
      tokens.alice.close();
      print(usersOf().length + ' ' + poolStats().staying);
      const cache = new TokenCache();
      const [one, two] = [await cache.forUser(name), await cache.forUser(name)];
      await one.run(() => files.readFile(own.alice));
      await settled(() => poolStats().staying === 2);
      one.close();
      two.close();
      print(String(usersOf().length));
      cache.clear();
      print(String(usersOf().length));`);
    expect(lines).toEqual(['1 1', '2', '1']);
  });

  test('does not stay the user of a token that was closed while it worked', async () => {
    const pipe = JSON.stringify(newPipe());
    const lines = await linesOf(`${open}
      long();
      const reading = tokens.alice.run(() => files.readFile(${pipe}));
      await settled(() => usersOf().length === 1);
      tokens.alice.close();
      print(String(usersOf().length));
      fs.closeSync(fs.openSync(${pipe}, 'w'));
      await reading;
      await settled(() => usersOf().length === 0);
      print('reverted');`);
    expect(lines).toEqual(['1', 'reverted']);
  });

  test("is called back by a change of the process's credentials, which does not fail for it", async () => {
    const lines = await linesOf(`${open}
      long();
      await stayingAs('alice');
      await stayingAs('bob');
      process.setegid(${String(world.bob.gid)});
      print(usersOf().length + ' ' + [...allThreads().values()].every(({ gids }) => gids[1] === ${String(world.bob.gid)}));
      print(String(await tokens.alice.run(() => files.readFile(own.alice, 'utf8'))));
      process.setegid(0);
      print(usersOf().length + ' ' + [...allThreads().values()].every(({ gids }) => gids[1] === 0));
      print(String(await tokens.bob.run(() => files.readFile(own.bob, 'utf8'))));`);
    expect(lines).toEqual(['0 true', 'of alice', '0 true', 'of bob']);
  });

  test.each(['geteuid', 'getegid'])('that has lost its identity by %s ends the process', async (call) => {
    const result = await runSource(`${open}
      process.on('exit', () => { print('exit handler'); });
      long();
      await read('alice');
      await settled(() => poolStats().staying === 1);
      probe().failSyscallOnAllThreads('${call}', 0);
      print('ready');
      await read('alice');
      print('went on');`);
    expect(result).toMatchObject({ signal: 'SIGABRT', stdout: 'ready\n' });
    expect(result.stderr).toMatch(/a thread that stayed a user has another identity/);
  });

  test('works for another user after it, and is not born as one', async () => {
    const lines = await linesOf(`${open}
      configurePool({ maxThreads: 1, idleTime: 600_000 });
      // The thread is started inside a scope.
      const opening = tokens.bob.runSync(() => { files.readFile(own.bob).catch(() => {}); return 1; });
      for (let i = 0; i < 200; i++) {
        const [who, other] = i % 2 ? ['alice', 'bob'] : ['bob', 'alice'];
        const text = await read(who, 'utf8');
        const denied = await tokens[who].run(() => files.readFile(own[other]).catch(({ code }) => code));
        if (text !== 'of ' + who || denied !== 'EACCES') print([who, text, denied].join());
      }
      print(poolStats().threads + ' ' + opening);
      configurePool({ idleTime: 0 });
      await settled(() => usersOf().length === 0);
      print(String(usersOf().length));`);
    expect(lines).toEqual(['1 1', '0']);
  });
});

describeSwitching('a user whose calls hang', () => {
  test('100 of them hold his own threads; others go on; each is rejected by its signal', async () => {
    const pipe = JSON.stringify(newPipe());
    const lines = await linesOf(`${open}
      const channel = require('node:diagnostics_channel');
      const seen = [];
      channel.subscribe('impersonate:pool', (message) => { seen.push(message.event + ' ' + message.hung); });
      const stop = new AbortController();
      const outcomes = Array.from({ length: 100 }, () => tokens.alice.run(() => files.readFile(${pipe}, { signal: stop.signal }).catch(({ name }) => name)));
      await settled(() => poolStats().busy === 4);
      const { threads, waiting, users } = poolStats();
      print([threads, waiting, users].join());
      for (let i = 0; i < 20; i++) print(await read('bob', 'utf8') === 'of bob' ? '' : 'not read');
      // So do the process's own calls, which libuv's threads make.
      await Promise.all(Array.from({ length: 8 }, () => fs.promises.readFile(own.bob)));
      await new Promise((done) => require('node:crypto').pbkdf2('a', 'b', 1, 8, 'sha1', done));
      stop.abort();
      print([...new Set(await Promise.all(outcomes))].join());
      print(poolStats().hung + ' ' + poolStats().waiting + ' ' + seen.length + ' ' + seen.at(-1));
      // The system returns when somebody writes.
      while (poolStats().hung > 0) { const fd = fs.openSync(${pipe}, fs.constants.O_RDWR | fs.constants.O_NONBLOCK); fs.closeSync(fd); await sleep(5); }
      print(await read('alice', 'utf8'));
      print(String(fs.readdirSync('/proc/self/fd').filter((fd) => { try { return fs.readlinkSync('/proc/self/fd/' + fd) === ${pipe}; } catch { return false; } }).length));`);
    expect(lines.filter(Boolean)).toEqual(['4,96,1', 'AbortError', '4 0 4 hung 4', 'of alice', '0']);
  });

  test('gets ERR_USER_BUSY after queueTimeout', async () => {
    const pipe = JSON.stringify(newPipe());
    const lines = await linesOf(`${open}
      configurePool({ perUser: 2, queueTimeout: 50 });
      const hung = Array.from({ length: 2 }, () => tokens.alice.run(() => files.readFile(${pipe})));
      await settled(() => poolStats().busy === 2);
      const error = await read('alice').catch((reason) => reason);
      print([error.name, error.code, poolStats().waiting].join());
      print(await read('bob', 'utf8'));
      fs.closeSync(fs.openSync(${pipe}, 'w'));
      print((await Promise.all(hung)).join('') + '|');
      print(await read('alice', 'utf8'));`);
    expect(lines).toEqual(['ImpersonationError,ERR_USER_BUSY,0', 'of bob', '|', 'of alice']);
  });

  test('does not keep the process or a worker from ending', async () => {
    const pipe = JSON.stringify(newPipe());
    const hang = `for (let i = 0; i < 10; i++) void tokens.alice.run(() => files.readFile(${pipe}));
      await settled(() => poolStats().busy === 4);`;
    const lines = await linesOf(`
      const { Worker, isMainThread, parentPort } = require('node:worker_threads');
      ${open}
      if (isMainThread) {
        const worker = new Worker(__filename);
        await new Promise((resolve) => { worker.once('message', resolve); });
        await worker.terminate();
        print('ended ' + poolStats().waiting);
        fs.closeSync(fs.openSync(${pipe}, 'w'));
        await settled(() => poolStats().busy === 0);
        print(String(fs.readdirSync('/proc/self/fd').filter((fd) => { try { return fs.readlinkSync('/proc/self/fd/' + fd) === ${pipe}; } catch { return false; } }).length));
      } else {
        ${hang}
        parentPort.postMessage('hangs');
      }`);
    expect(lines).toEqual(['ended 0', '0']);
    const result = await runSource(`${open} ${hang} process.exit(7);`);
    expect(result).toMatchObject({ code: 7, signal: null, stderr: '' });
  });
});

describeSwitching('users who wait for threads', () => {
  // The first call keeps the only thread until the others are queued.
  test.each(['alice', 'bob'])('are served in turn, when the thread has worked for %s', async (first) => {
    const pipe = JSON.stringify(newPipe());
    const lines = await linesOf(`${open}
      configurePool({ maxThreads: 1, perUser: 1 });
      const order = [];
      const first = tokens.${first}.run(() => files.readFile(${pipe}));
      await settled(() => poolStats().busy === 1);
      const mark = (who) => read(who).then(() => { order.push(who); });
      const all = [...Array.from({ length: 2000 }, () => mark('alice')), mark('bob')];
      await settled(() => poolStats().waiting === 2001);
      fs.closeSync(fs.openSync(${pipe}, 'w'));
      await Promise.all([first, ...all]);
      print(String(order.indexOf('bob') < 1900));`);
    expect(lines).toEqual(['true']);
  });

  test('10,000 of them leave no thread, no descriptor and no user behind', async () => {
    const lines = await linesOf(`${open}
      configurePool({ idleTime: 20 });
      const descriptors = () => fs.readdirSync('/proc/self/fd').length;
      await read('alice');
      const before = descriptors();
      let next = 0;
      const some = async () => {
        while (next < 10_000) {
          const id = 100_000 + next++;
          const token = Token.forIds({ uid: id, gid: id });
          await token.run(() => files.stat('/'));
          token.close();
        }
      };
      await Promise.all(Array.from({ length: 16 }, some));
      print(String(poolStats().threads <= 64));
      // A thread that was woken for a job which another one took belongs to its user until it has looked for work.
      await settled(() => usersOf().length === 0 && poolStats().users === 0);
      print([descriptors() - before, poolStats().users, poolStats().waiting, poolStats().staying].join());`);
    expect(lines).toEqual(['true', '0,0,0,0']);
  });
});

test('the limits can be set by the environment, which invalid values do not change', async () => {
  const env = {
    IMPERSONATE_POOL_PER_USER: '3',
    IMPERSONATE_POOL_MAX_THREADS: '0',
    IMPERSONATE_POOL_IDLE_TIME: 'x',
    IMPERSONATE_POOL_QUEUE_TIMEOUT: '7',
  };
  const lines = await linesOf(
    `const { Token, configurePool } = require(${product});
    const { native } = require(${JSON.stringify(require.resolve('../../dist/core'))});
    Token.process().close();
    print(native.poolLimits().join());
    for (const options of [{ perUser: 0 }, { perUser: '1' }, { threads: 1 }, { maxThreads: 1.5, perUser: 9 }, null]) {
      try { configurePool(options); } catch (error) { print(error.code + ' ' + error.message.split('"')[1]); }
    }
    print(native.poolLimits().join());`,
    { env },
  );
  expect(lines).toEqual([
    '3,64,1000',
    'ERR_INVALID_ARG_VALUE options.perUser',
    'ERR_INVALID_ARG_TYPE options.perUser',
    'ERR_INVALID_ARG_VALUE options.threads',
    'ERR_INVALID_ARG_VALUE options.maxThreads',
    'ERR_INVALID_ARG_TYPE options',
    '3,64,1000',
  ]);
});
