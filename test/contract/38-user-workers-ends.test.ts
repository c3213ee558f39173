import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Token, UserWorkers, type UserWorkersOptions, type UserWorkersRunOptions } from 'impersonate';
import { linesOf, runSource, writeSource } from '../support/children/child';
import { asProcessFirst } from '../support/children/impersonated-worker';
import { until } from '../support/children/progress';
import { usersSource } from '../support/children/sources';
import { rejected } from '../support/errors';
import { product } from '../support/paths';
import { alice, bob, describeSwitching, freshTokens } from '../support/world/acting';
import { world } from '../support/world/world';

const file = require.resolve('./programs/user-tasks');

let workers: UserWorkers;
function open(options: UserWorkersOptions = {}, path = file): UserWorkers {
  workers = new UserWorkers(path, { execArgv: asProcessFirst, env: process.env, ...options });
  return workers;
}
afterEach(() => workers.destroy());

const threadOf = (token: Token): Promise<number> =>
  workers.run(token, null, { name: 'thread' }) as Promise<number>;
const shared = (): Int32Array => new Int32Array(new SharedArrayBuffer(4));
const run = (
  token: Token,
  name: string,
  task?: unknown,
  more: UserWorkersRunOptions = {},
): Promise<unknown> => workers.run(token, task, { name, ...more });

/** Opens a gate for tasks that wait, and wakes none of the others. */
const release = (gate: Int32Array): void => void Atomics.store(gate, 0, 1);

describeSwitching('the places of UserWorkers', () => {
  freshTokens();
  /** A third identity. */
  let fewer: Token;
  beforeEach(() => {
    const isWindows = process.platform === 'win32';
    fewer = alice.restrict(isWindows ? { denyOnly: [world.alice.group] } : { dropGroups: true });
  });
  afterEach(() => {
    fewer.close();
  });

  test('go from the user who is idle longest to one without a worker', async () => {
    open({ maxWorkers: 2 });
    const [ofAlice, ofBob] = [await threadOf(alice), await threadOf(bob)];
    expect(await threadOf(alice)).toBe(ofAlice);
    const third = await threadOf(fewer);
    expect([ofAlice, ofBob]).not.toContain(third);
    expect([await threadOf(alice), await threadOf(fewer)]).toEqual([ofAlice, third]);
    expect(workers.size).toBe(2);
    expect(await threadOf(bob)).not.toBe(ofBob);
  });

  test('are never more than maxWorkers, with the threads that are ending', async () => {
    open({ maxWorkers: 1 });
    await threadOf(alice);
    const both = [threadOf(bob), threadOf(fewer)];
    expect(workers.size).toBe(1);
    const sizes: number[] = [];
    const watch = setInterval(() => sizes.push(workers.size), 1);
    await Promise.all(both);
    clearInterval(watch);
    expect(Math.max(...sizes)).toBe(1);
  });

  test('are shared: a user with many tasks does not keep the others waiting', async () => {
    open({ maxWorkers: 1 });
    const order: string[] = [];
    const gate = shared();
    const first = run(alice, 'wait', gate);
    await until(() => workers.queueSize === 0);
    const note = (token: Token, name: string): Promise<unknown> =>
      run(token, 'echo', name).then((done) => order.push(String(done)));
    const all = [
      ...['alice 1', 'alice 2', 'alice 3'].map((name) => note(alice, name)),
      ...['bob 1', 'bob 2'].map((name) => note(bob, name)),
      note(fewer, 'third'),
    ];
    expect(workers.queueSize).toBe(6);
    release(gate);
    await Promise.all([first, ...all]);
    expect(order).toEqual(['bob 1', 'third', 'alice 1', 'bob 2', 'alice 2', 'alice 3']);
  });

  test('are kept by a user with many tasks while nobody waits, and no worker ends in vain', async () => {
    open({ maxWorkers: 2 });
    const gates = [shared(), shared()] as const;
    const first = [run(alice, 'wait', gates[0]), run(bob, 'wait', gates[1])];
    await until(() => workers.queueSize === 0);
    const more = [run(alice, 'thread'), run(bob, 'thread'), run(fewer, 'thread')];
    gates.forEach(release);
    // Both results arrive in one turn of the loop.
    Atomics.wait(shared(), 0, 0, 100);
    const [ofAlice, ofBob] = await Promise.all(first);
    const [moreOfAlice, moreOfBob] = await Promise.all(more);
    // One of them has made room for the third user.
    expect([moreOfAlice === ofAlice, moreOfBob === ofBob].filter(Boolean)).toHaveLength(1);
  });

  test('are for at most maxQueue waiting tasks of each user', async () => {
    open({ maxWorkers: 1, maxQueue: 2 });
    const gate = shared();
    const first = run(alice, 'wait', gate);
    await until(() => workers.queueSize === 0);
    const waiting = [run(alice, 'echo', 1), run(alice, 'echo', 2), run(bob, 'echo', 3)];
    expect(await rejected(run(alice, 'echo', 4))).toMatchObject({
      name: 'ImpersonationError',
      code: 'ERR_TASK_LIMIT',
    });
    release(gate);
    await first;
    expect(await Promise.all(waiting)).toEqual([1, 2, 3]);
  });

  test('are free after idleTimeout', async () => {
    open({ idleTimeout: 20 });
    const before = await threadOf(alice);
    await until(() => workers.size === 0);
    expect(workers.size).toBe(0);
    expect(await threadOf(alice)).not.toBe(before);
    await workers.close();
    open({ idleTimeout: 0 });
    expect(await threadOf(alice)).not.toBe(await threadOf(alice));
  });
});

describeSwitching('a signal of a task of UserWorkers', () => {
  freshTokens();

  test('removes a task that waits', async () => {
    open({ maxWorkers: 1 });
    const gate = shared();
    const first = run(alice, 'wait', gate);
    await until(() => workers.queueSize === 0);
    const controller = new AbortController();
    const [of, begun] = [{ signal: controller.signal }, shared()];
    const waiting = [run(alice, 'exit', begun, of), run(bob, 'exit', begun, of)];
    const last = threadOf(alice);
    controller.abort('enough');
    for (const one of waiting) {
      expect(await rejected(one)).toMatchObject({ name: 'AbortError', code: 'ABORT_ERR', cause: 'enough' });
    }
    release(gate);
    // Bob, who does not wait any longer, gets no place.
    expect(await last).toBe(await first);
    expect([workers.queueSize, begun[0]]).toEqual([0, 0]);
  });

  test('ends a worker that hangs, and nothing else', async () => {
    open();
    const [ofBob, begun, gate] = [await threadOf(bob), shared(), shared()];
    const running = run(bob, 'wait', gate);
    const controller = new AbortController();
    const hanging = run(alice, 'hang', begun, { signal: controller.signal });
    const next = threadOf(alice);
    await until(() => begun[0] === 1);
    const reason = new Error('too slow');
    controller.abort(reason);
    const error = await rejected(hanging);
    expect(error).toMatchObject({ name: 'AbortError', code: 'ABORT_ERR' });
    expect((error as unknown as Error).cause).toBe(reason);
    expect(typeof (await next)).toBe('number');
    release(gate);
    expect(await running).toBe(ofBob);
  });

  test('that is aborted before starts nothing, and one that is aborted later does nothing', async () => {
    open();
    const aborted = run(alice, 'thread', null, { signal: AbortSignal.abort('before') });
    expect(await rejected(aborted)).toMatchObject({ name: 'AbortError', cause: 'before' });
    expect(workers.size).toBe(0);
    const controller = new AbortController();
    const first = await run(alice, 'thread', null, { signal: controller.signal });
    controller.abort();
    expect(await threadOf(alice)).toBe(first);
  });

  test('ends a worker whose file never ends to load, if no other task waits for it', async () => {
    const gate = shared();
    open(
      { workerData: gate, execArgv: [] },
      writeSource(
        'bare',
        `const { workerData } = require('node:worker_threads');
        if (Atomics.add(workerData, 0, 1) === 0) for (;;);
        module.exports = (task) => task;`,
      ),
    );
    const controller = new AbortController();
    const hanging = workers.run(alice, 1, { signal: controller.signal });
    await until(() => gate[0] === 1);
    controller.abort();
    expect(await rejected(hanging)).toMatchObject({ name: 'AbortError' });
    expect(await workers.run(alice, 2)).toBe(2);
  });
});

describeSwitching('a worker of UserWorkers that ends during a task', () => {
  freshTokens();

  test.each([
    ['by process.exit()', 'exit', 'ERR_WORKER_EXITED', 'code 7'],
    ['by an exception', 'crash', 'ERR_WORKER_EXITED', 'not caught'],
    ['for want of memory', 'fill', 'ERR_WORKER_OUT_OF_MEMORY', 'memory'],
  ])('%s rejects that task only', async (_name, name, code, message) => {
    open({ resourceLimits: { maxOldGenerationSizeMb: 32 } });
    const [ofBob, gate] = [await threadOf(bob), shared()];
    const running = run(bob, 'wait', gate);
    const ending = run(alice, name, shared());
    const next = [threadOf(alice), threadOf(alice)];
    const error = await rejected(ending);
    expect(error).toMatchObject({ code });
    expect(error.message).toContain(message);
    if (name === 'crash') {
      const { cause } = error as unknown as Error;
      expect(cause).toMatchObject({ name: 'RangeError', code: 'MINE' });
    }
    const [first, second] = await Promise.all(next);
    expect(first).toBe(second);
    release(gate);
    expect(await running).toBe(ofBob);
  });

  test('after it has posted the result keeps the result', async () => {
    open();
    await threadOf(alice);
    const ended = shared();
    const result = run(alice, 'exitAfter', ended);
    // The message and the end of the thread arrive in one turn of the loop.
    const pause = shared();
    while (Atomics.load(ended, 0) === 0) Atomics.wait(pause, 0, 0, 10);
    Atomics.wait(pause, 0, 0, 200);
    expect(await result).toBe('the result');
    await until(() => workers.size === 0);
    expect(typeof (await threadOf(alice))).toBe('number');
  });
});

describeSwitching('a worker of UserWorkers that does not start', () => {
  freshTokens();

  test('rejects the tasks that wait for it; the next task tries again', async () => {
    const path = join(dirname(writeSource('bare', '')), 'later.cjs');
    open({ execArgv: [] }, path);
    const waiting = [1, 2, 3].map((task) => rejected(workers.run(alice, task)));
    for (const error of await Promise.all(waiting)) {
      expect(error).toMatchObject({ code: 'ERR_MODULE_NOT_FOUND' });
    }
    await until(() => workers.size === 0);
    writeFileSync(path, 'module.exports = (task) => task;');
    expect(await workers.run(alice, 4)).toBe(4);
  });

  test.each([
    ['an exception', `throw Object.assign(new TypeError('at load'), { code: 'MINE' });`, 'MINE'],
    ['process.exit()', 'process.exit(3);', 'ERR_WORKER_EXITED'],
    ['a promise that nothing settles', 'await new Promise(() => {});', 'ERR_WORKER_EXITED'],
  ])('because of %s in its file', async (_name, source, code) => {
    open({ execArgv: [] }, writeSource('module', source));
    const both = await Promise.all([rejected(workers.run(alice, 1)), rejected(workers.run(alice, 2))]);
    expect(both).toEqual([expect.objectContaining({ code }), expect.objectContaining({ code })]);
  });

  test('because of its options', async () => {
    open({ execArgv: ['--no-such-option'] });
    const error = await rejected(workers.run(alice, 1));
    expect(error).toMatchObject({ code: 'ERR_WORKER_INVALID_EXEC_ARGV' });
    expect([workers.size, workers.queueSize]).toEqual([0, 0]);
  });

  test('because its thread gets no token, or may not read the file, is one user alone', async () => {
    const path = writeSource('bare', 'module.exports = (task) => task;');
    const lines = await linesOf(
      `${usersSource('user-workers')}
      const { UserWorkers } = require(${JSON.stringify(product)});
      world.own(${JSON.stringify(path)}, alice);
      const workers = new UserWorkers(${JSON.stringify(path)});
      const run = (who) => outcome(() => workers.run(tokens[who.key], 'of ' + who.key));
      print(await Promise.all([run(alice), run(bob)]));
      await workers.close();
      const none = new UserWorkers(${JSON.stringify(path)});
      const running = run.call(null, alice);
      print(await running.catch(String));
      const { limit } = Token;
      const starting = none.run(tokens.alice, 1);
      Token.limit = Token.count;
      print(await starting.catch((error) => [error.constructor === ImpersonationError, error.code]));
      Token.limit = limit;
      print(await none.run(tokens.alice, 1));`,
      { execArgv: ['--no-warnings'] },
    );
    expect(lines).toEqual(['of alice,denied', 'ERR_WORKERS_CLOSED', 'true,ERR_TOKEN_LIMIT', '1']);
  });
});

describeSwitching('UserWorkers', () => {
  freshTokens();

  test('that are closed complete their tasks, and take no more', async () => {
    const { count } = Token;
    open({ maxWorkers: 1 });
    const results = Promise.all([alice, bob, alice].map((token, n) => run(token, 'echo', n)));
    const closing = [workers.close(), workers[Symbol.asyncDispose]()];
    expect(await rejected(run(alice, 'echo'))).toMatchObject({
      name: 'ImpersonationError',
      code: 'ERR_WORKERS_CLOSED',
    });
    expect(await results).toEqual([0, 1, 2]);
    await Promise.all(closing);
    expect([workers.size, Token.count]).toEqual([0, count]);
    await workers.close();
  });

  test('that are destroyed reject their tasks, and end whatever they do', async () => {
    const { count } = Token;
    open({ maxWorkers: 1 });
    const begun = shared();
    const tasks = [run(alice, 'hang', begun), run(alice, 'echo'), run(bob, 'echo')];
    const errors = tasks.map((one) => rejected(one));
    await until(() => begun[0] === 1);
    await workers.destroy();
    for (const error of await Promise.all(errors))
      expect(error).toMatchObject({ code: 'ERR_WORKERS_CLOSED' });
    expect([workers.size, workers.queueSize, Token.count]).toEqual([0, 0, count]);
  });

  const program = `
    const { UserWorkers } = require(${JSON.stringify(product)});
    const token = await world.alice.token();
    const tasks = ${JSON.stringify(
      writeSource(
        'bare',
        'module.exports = (n) => new Promise((done) => { setTimeout(() => done(n), 300).unref(); });',
      ),
    )};
    const workers = new UserWorkers(tasks, { idleTimeout: 3_600_000 });`;

  test('keep the process alive while they have tasks, and not when they are idle', async () => {
    const result = await runSource(`${program}
      workers.run(token, 1).then((n) => { print('first ' + n); return workers.run(token, 2); })
        .then((n) => { print('second ' + n); token.close(); });`);
    expect(result).toEqual({ code: 0, signal: null, stdout: 'first 1\nsecond 2\n', stderr: '' });
  });

  test('hold no flow of their callers, whose token is released', async () => {
    const lines = await linesOf(
      `${program}
      const bob = await world.bob.token();
      await (async () => {
        const flow = await world.bob.token();
        await flow.run(() => workers.run(token, 1));
        flow.close();
      })();
      const expected = 4; // token, bob, that of the pool, that of the thread
      for (let round = 0; round < 100 && Token.count > expected; round++) {
        gc();
        await new Promise(setImmediate);
      }
      print(Token.count);
      await workers.close();
      print(Token.count);`,
      { execArgv: ['--expose-gc'] },
    );
    expect(lines).toEqual(['4', '2']);
  });
});
