import { once } from 'node:events';
import { dirname } from 'node:path';
import { Token } from 'impersonate';
import { linesOf, writeSource } from '../support/children/child';
import { postsOf, run, start } from '../support/children/impersonated-worker';
import { whoAmI } from '../support/children/programs';
import { usersSource } from '../support/children/sources';
import { product, unrouted } from '../support/paths';
import { alice, bob, describeSwitching, expectActingAsService, freshTokens } from '../support/world/acting';
import { world } from '../support/world/world';

// `me()` of a worker: whose files the kernel lets it open, and its effective identity by the kernel.
const isAlice = 'alice alice';
const isBob = 'bob bob';
const isService = /service$/;

describeSwitching('an ImpersonatedWorker', () => {
  freshTokens();

  test('is the user in all of its code, from the first line to the exit handlers', async () => {
    const posts = await run(
      `post(me());
      await null; post(me());
      await new Promise(setImmediate); post(me());
      await new Promise((resolve) => { setTimeout(resolve, 5); }); post(me());
      process.nextTick(() => post(me()));
      queueMicrotask(() => post(me()));
      await fs.promises.stat('.'); post(me());
      await new Promise((resolve) => { fs.stat('.', resolve); }); post(me());
      const { port1, port2 } = new MessageChannel();
      port1.on('message', () => { post(me()); port1.close(); });
      port2.postMessage('x');
      process.on('exit', () => post(me()));`,
      { token: alice },
    );
    expect(posts).toEqual(Array<string>(10).fill(isAlice));
    expectActingAsService();
  });

  test("is the user in handlers of the parent's messages", async () => {
    const worker = start(
      `parentPort.on('message', (n) => { post(me()); if (n === 3) parentPort.close(); });`,
      {
        token: bob,
      },
    );
    for (const n of [1, 2, 3]) worker.postMessage(n);
    expect(await postsOf(worker)).toEqual([isBob, isBob, isBob]);
  });

  test('stays the user after an exception that its own handler catches', async () => {
    const posts = await run(
      `process.on('uncaughtException', (error) => { post(error.message + ' ' + me()); });
      setTimeout(() => { post(me()); }, 20);
      setTimeout(() => { throw new Error('thrown'); }, 1);`,
      { token: alice },
    );
    expect(posts).toEqual([`thrown ${isAlice}`, isAlice]);
  });

  test('is the user in Token.current() and runSync()', async () => {
    const posts = await run(
      `const thread = Token.thread();
      post([Token.current().user.id, thread.user.id, Token.process().user.id]);
      await null;
      post(Token.current().equals(thread));
      post(runSync(me));`,
      { token: alice },
    );
    expect(posts).toEqual([[world.alice.id, world.alice.id, world.serviceId], true, isAlice]);
  });

  test('reverts to the user after scopes', async () => {
    const source = `
      const bob = Token.claim(workerData), alice = Token.current();
      post(bob.runSync(me)); post(me());
      { const scope = bob.impersonate(); post(me()); scope.revert(); } post(me());
      post(bob.runSync(() => [me(), alice.runSync(me), me()].join('; '))); post(me());
      try { bob.runSync(() => { throw new Error('thrown'); }); } catch { post(me()); }
      const scopes = [bob.impersonate(), alice.impersonate(), bob.impersonate()];
      post(me());
      try { scopes[0].revert(); } catch (error) { post(error.code); } post(me());
      post(alice.runSync(me)); post(me());
      await bob.run(async () => { await null; post(runSync(me)); post(me()); }); post(me());`;
    const posts = await run(source, { token: alice, workerData: bob.share() });
    expect(posts).toEqual([
      ...[isBob, isAlice],
      ...[isBob, isAlice],
      ...[`${isBob}; ${isAlice}; ${isBob}`, isAlice],
      isAlice,
      ...[isBob, 'ERR_SCOPE_ORDER', isAlice],
      ...[isAlice, isAlice],
      ...[isBob, isAlice, isAlice],
    ]);
  });

  test('is the process in withoutToken(), and only there', async () => {
    const posts = await run(
      `const bob = Token.claim(workerData), alice = Token.current();
      post(withoutToken(me)); post(me());
      post(withoutToken(() => Token.current().user.id));
      post(withoutToken(() => alice.runSync(me))); post(me());
      post(bob.runSync(() => withoutToken(me))); post(me());
      try { withoutToken(() => { throw new Error('thrown'); }); } catch { post(me()); }
      post(await withoutToken(async () => { await null; return me(); }));`,
      { token: alice, workerData: bob.share() },
    );
    const asService: unknown = expect.stringMatching(isService);
    expect(posts).toEqual([
      ...[asService, isAlice],
      world.serviceId,
      ...[isAlice, isAlice],
      ...[asService, isAlice],
      isAlice,
      isAlice, // after an await the thread is itself again
    ]);
  });

  test('does not need the token that it was given', async () => {
    const { count } = Token;
    const token = alice.duplicate();
    const worker = start(`post(me()); parentPort.once('message', () => { post(me()); });`, { token });
    token.close();
    await once(worker, 'online');
    const posts = postsOf(worker);
    worker.postMessage('go on');
    expect(await posts).toEqual([isAlice, isAlice]);
    expect(Token.count).toBe(count);
  });

  test('is the user for a package that is loaded again on its thread', async () => {
    const posts = await run(
      `for (const key of Object.keys(require.cache)) if (key.startsWith(workerData.root)) delete require.cache[key];
      const again = require(workerData.product);
      post(again.Token !== Token);
      post(again.Token.current()?.user.id);
      post(again.runSync(me));
      post(await again.withoutToken(async () => again.Token.current().user.id));`,
      { token: alice, workerData: { root: dirname(dirname(product)), product } },
    );
    expect(posts).toEqual([true, world.alice.id, isAlice, world.serviceId]);
  });

  test('stays the user if its own program closes its token', async () => {
    const posts = await run(
      `Token.current().close();
      post(me());
      await new Promise((resolve) => { setTimeout(resolve, 5); });
      post([me(), Token.current().user.id, runSync(me)]);`,
      { token: alice },
    );
    expect(posts).toEqual([isAlice, [isAlice, world.alice.id, isAlice]]);
  });

  test('two as two users at once make 20,000 correct checks each', async () => {
    const source = `
      const [who, other] = [world[workerData.who], world[workerData.other]];
      const otherToken = Token.claim(workerData.ticket);
      let wrong = 0;
      for (let n = 0; n < 20_000; n++) {
        if (world.whoAmI() !== who.id) wrong++;
        if (n % 20 === 0 && (!world.canOpen(who) || world.canOpen(other))) wrong++;
        if (n % 50 === 0 && otherToken.runSync(() => world.whoAmI()) !== other.id) wrong++;
        if (n % 1000 === 0) await new Promise(setImmediate);
      }
      post(wrong);`;
    const results = Promise.all([
      run(source, { token: alice, workerData: { who: 'alice', other: 'bob', ticket: bob.share() } }),
      run(source, { token: bob, workerData: { who: 'bob', other: 'alice', ticket: alice.share() } }),
    ]);
    let seen = 0;
    const watch = setInterval(() => {
      seen++;
      if (world.whoAmI() !== world.serviceId) throw new Error('the main thread is not the service');
    }, 5);
    try {
      expect(await results).toEqual([[0], [0]]);
    } finally {
      clearInterval(watch);
    }
    expect(seen).toBeGreaterThan(0);
  });
});

/**
 * A worker's file: posts what each form of node:fs reads of `workerData.files`; `workerData.first` is loaded before.
 */
const reader = `
  const { promisify } = require('node:util');
  const { parentPort, workerData } = require('node:worker_threads');
  const fs = require('node:fs');
  if (workerData.first) require(workerData.first);
  const forms = {
    sync: async (file) => fs.readFileSync(file, 'utf8'),
    callback: (file) => promisify(fs.readFile)(file, 'utf8'),
    promises: (file) => fs.promises.readFile(file, 'utf8'),
    open: async (file) => {
      const fd = await promisify(fs.open)(file);
      try {
        return fs.readFileSync(fd, 'utf8');
      } finally {
        fs.closeSync(fd);
      }
    },
    stream: async (file) => {
      let text = '';
      for await (const part of fs.createReadStream(file, 'utf8')) text += part;
      return text;
    },
  };
  (async () => {
    for (const [name, read] of Object.entries(forms)) {
      const seen = [];
      for (const file of workerData.files) {
        seen.push(await read(file).catch(({ code }) => (/^(EACCES|EPERM)$/.test(code) ? 'denied' : code)));
      }
      parentPort.postMessage([name, ...seen].join(': '));
    }
  })();`;
const readerForms = ['sync', 'callback', 'promises', 'open', 'stream'];

/** Source for a child, after usersSource(): runs that in a worker of alice, and prints what it posts. */
const workerOfAlice = (file: string, first = ''): string => `
  const { ImpersonatedWorker } = require(${JSON.stringify(unrouted)});
  const workerData = { files: [within(alice, 'file'), secret], first: ${JSON.stringify(first)} };
  const ticket = tokens.bob.share();
  const worker = new ImpersonatedWorker(${JSON.stringify(file)}, {
    token: tokens.alice,
    workerData: { ...workerData, ticket },
  });
  worker.on('message', print);
  await new Promise((done) => worker.once('exit', done));`;

describeSwitching('node:fs in an ImpersonatedWorker', () => {
  test('is the user, asynchronous or not, without the worker loading anything', async () => {
    const lines = await linesOf(`${usersSource('pinned')} ${workerOfAlice(writeSource('bare', reader))}`);
    expect(lines).toEqual(readerForms.map((name) => `${name}: of alice: denied`));
  });

  test.each([
    ['is the process if the parent has only impersonate/unrouted', '', 'of the service'],
    ['is the user then if the worker itself loads impersonate', product, 'denied'],
  ])('%s', async (_name, first, secret) => {
    const worker = workerOfAlice(writeSource('bare', reader), first);
    const execArgv = ['--no-warnings'];
    const lines = await linesOf(`${usersSource('pinned')} ${worker}`, { execArgv }, 'unrouted');
    // Besides alice, only root may open her file.
    const secrets = lines.map((line) => line.replace(/: (?:of alice|denied): /, ': '));
    expect(secrets).toEqual(readerForms.map((name) => `${name}: ${name === 'sync' ? 'denied' : secret}`));
  });

  test("is the process in withoutToken(); modules are the thread's, in scopes and flows of others too", async () => {
    const module = (): string =>
      JSON.stringify(
        writeSource('bare', `module.exports = require('node:fs').readFileSync(globalThis.own, 'utf8');`),
      );
    const file = writeSource(
      'bare',
      `const { parentPort, workerData } = require('node:worker_threads');
      const { Token, withoutToken } = require(${JSON.stringify(product)});
      const fs = require('node:fs');
      const { pathToFileURL } = require('node:url');
      const [own, secret] = workerData.files;
      const post = (value) => parentPort.postMessage(value);
      const codeOf = ({ code }) => (/^(EACCES|EPERM)$/.test(code) ? 'denied' : code);
      const attempt = (work) => { try { return work(); } catch (error) { return codeOf(error); } };
      globalThis.own = own;
      const bob = Token.claim(workerData.ticket);
      (async () => {
        post(await withoutToken(() => fs.promises.readFile(secret, 'utf8')));
        post(await fs.promises.readFile(secret, 'utf8').catch(codeOf));
        post(await bob.run(() => fs.promises.readFile(own, 'utf8')).catch(codeOf));
        post(require(${module()}));
        post(bob.runSync(() => require(${module()})));
        post(await bob.run(async () => { await null; return require(${module()}); }));
        post(await bob.run(async () => attempt(() => require(secret))));
        post(await import(pathToFileURL(secret + '.json'), { with: { type: 'json' } }).catch(codeOf));
        globalThis.own = secret;
        post(attempt(() => require(${module()})));
        post(withoutToken(() => require(${module()})));
      })();`,
    );
    const data = `fs.writeFileSync(secret + '.json', '{}'); world.own(secret + '.json', 'service');`;
    const lines = await linesOf(`${usersSource('pinned')} ${data} ${workerOfAlice(file)}`);
    expect(lines).toEqual([
      ...['of the service', 'denied', 'denied'],
      ...['of alice', 'of alice', 'of alice', 'denied', 'denied'],
      ...['denied', 'of the service'],
    ]);
  });
});

describeSwitching('a thread or program started by an ImpersonatedWorker', () => {
  freshTokens();

  test('a Worker throws, and is the process in withoutToken()', async () => {
    const posts = await run(
      `const { Worker } = require('node:worker_threads');
      const source = 'const { world } = require(' + JSON.stringify(workerData) + ');' +
        'require("node:worker_threads").parentPort.postMessage(world.whoAmI())';
      const start = () => new Worker(source, { eval: true, execArgv: [], env: process.env });
      try { start(); } catch (error) { post(error.code); }
      withoutToken(start).on('message', (user) => { post(user); post(me()); });`,
      { token: alice, workerData: require.resolve('../support/world/world') },
    );
    expect(posts).toEqual(['ERR_WORKER_IN_FLOW', world.serviceId, isAlice]);
  });

  test('an ImpersonatedWorker is the user that it is given', async () => {
    const posts = await run(
      `const token = Token.claim(workerData.ticket);
      const inner = new ImpersonatedWorker(workerData.file, { token, env: process.env });
      inner.on('message', (text) => { post(text); post(me()); });`,
      {
        token: alice,
        workerData: { ticket: bob.share(), file: require.resolve('./programs/print-identity') },
      },
    );
    expect(posts).toEqual([world.bob.id, isAlice]);
  });

  test("a program is the worker's user's", async () => {
    const posts = await run(
      `const { execFileSync } = require('node:child_process');
      const program = () => execFileSync(process.execPath, ['-p', ${JSON.stringify(whoAmI)}], { encoding: 'utf8' }).trim();
      const attempt = () => { try { return program(); } catch (error) { return error.code ?? error.message; } };
      post(attempt()); await null; post(attempt());
      post(withoutToken(attempt) === attempt());
      post(me());`,
      { token: alice },
    );
    expect(posts).toEqual([world.alice.id, world.alice.id, false, isAlice]);
  });
});
