import { AsyncLocalStorage } from 'node:async_hooks';
import { pathToFileURL } from 'node:url';
import { SHARE_ENV } from 'node:worker_threads';
import {
  ImpersonationError,
  Token,
  UserWorkers,
  type UserWorkersOptions,
  type UserWorkersRunOptions,
} from 'impersonate';
import { linesOf, writeSource } from '../support/children/child';
import { asProcessFirst, run as runInWorker } from '../support/children/impersonated-worker';
import { usersSource } from '../support/children/sources';
import { caught, rejected, type Caught } from '../support/errors';
import { product, unrouted } from '../support/paths';
import { alice, bob, describeSwitching, expectActingAsService, freshTokens } from '../support/world/acting';
import { type Identity, world } from '../support/world/world';
import type { Seen } from './programs/user-tasks';

const file = require.resolve('./programs/user-tasks');

/** Workers of the test's file, which are closed after the test. */
let workers: UserWorkers;
function open(options: UserWorkersOptions = {}, of: string | URL = file): UserWorkers {
  workers = new UserWorkers(of, { execArgv: asProcessFirst, env: process.env, ...options });
  return workers;
}
afterEach(() => workers.destroy());

const seenBy = (who: Identity, task: unknown): Omit<Seen, 'thread'> => ({
  user: who.id,
  opens: who.key,
  current: who.id,
  task,
});

describeSwitching('UserWorkers', () => {
  freshTokens();

  test('perform 200 tasks of two users, mixed, each on the one thread of its user', async () => {
    const { count } = Token;
    open();
    const users = Array.from({ length: 200 }, (_user, n) => (n % 3 === 0 ? world.alice : world.bob));
    const results = await Promise.all(
      users.map((who, n) => workers.run(who === world.alice ? alice : bob, n) as Promise<Seen>),
    );
    expect(results.map(({ thread, ...seen }) => [seen, typeof thread])).toEqual(
      users.map((who, n) => [seenBy(who, n), 'number']),
    );
    const threadsOf = (who: Identity): Set<number> =>
      new Set(results.filter((_result, n) => users[n] === who).map(({ thread }) => thread));
    expect([threadsOf(world.alice).size, threadsOf(world.bob).size]).toEqual([1, 1]);
    expect(threadsOf(world.alice)).not.toEqual(threadsOf(world.bob));
    expect(workers.size).toBe(2);
    expectActingAsService();
    await workers.close();
    expect(Token.count).toBe(count);
  });

  test('have another thread for the same user with fewer rights, and one for equal tokens', async () => {
    open();
    using copy = alice.duplicate();
    using fewer = alice.restrict(
      process.platform === 'win32' ? { denyOnly: [world.alice.group] } : { dropGroups: true },
    );
    const threads = await Promise.all(
      [alice, copy, fewer].map((token) => workers.run(token, null, { name: 'thread' })),
    );
    expect([threads[0] === threads[1], threads[0] === threads[2]]).toEqual([true, false]);
  });

  test('do not need the token that they were given, also while a task waits', async () => {
    open({ maxWorkers: 1 });
    const gate = new Int32Array(new SharedArrayBuffer(4));
    const first = workers.run(bob, gate, { name: 'wait' });
    const token = alice.duplicate();
    const second = workers.run(token, 'x') as Promise<Seen>;
    token.close();
    alice.close();
    gate[0] = 1;
    await first;
    expect(await second).toMatchObject(seenBy(world.alice, 'x'));
  });

  test.each([
    ['closed', 'ERR_TOKEN_CLOSED', () => alice.close()],
    ['of identification level', 'ERR_TOKEN_LEVEL', () => undefined],
  ])('reject a token that is %s, and start nothing', async (_name, code, prepare) => {
    open();
    using low = alice.duplicate({ level: 'identification' });
    prepare();
    const token = code === 'ERR_TOKEN_LEVEL' ? low : alice;
    expect(await rejected(workers.run(token, 1))).toMatchObject({ name: 'ImpersonationError', code });
    expect([workers.size, workers.queueSize]).toEqual([0, 0]);
  });

  test('are the user of the token, called in flows and scopes of others', async () => {
    open();
    const inFlow = await bob.run(async () => {
      const result = await workers.run(alice, 1);
      return [result, Token.current().user.id];
    });
    expect(inFlow).toEqual([expect.objectContaining(seenBy(world.alice, 1)), world.bob.id]);
    let inScope: Promise<unknown> | undefined;
    alice.runSync(() => {
      inScope = workers.run(bob, 2);
    });
    expect(await inScope).toMatchObject(seenBy(world.bob, 2));
  });

  test('read the task in the flow of its caller, also after it has waited', async () => {
    open({ maxWorkers: 1 });
    const readBy: string[] = [];
    const task = {
      get who() {
        readBy.push(Token.current().user.id);
        return 1;
      },
    };
    const gate = new Int32Array(new SharedArrayBuffer(4));
    const first = workers.run(bob, gate, { name: 'wait' });
    const all = [first, alice.run(() => workers.run(bob, task)), bob.run(() => workers.run(alice, task))];
    gate[0] = 1;
    await Promise.all(all);
    // While alice waits for the one worker, bob's second task does.
    expect(readBy).toEqual([world.bob.id, world.alice.id]);
  });

  test('resolve in the async context of the caller', async () => {
    open();
    const context = new AsyncLocalStorage<number>();
    const run = (n: number): Promise<number[]> =>
      context.run(n, async () => [
        (await workers.run(alice, n, { name: 'echo' })) as number,
        context.getStore() ?? 0,
      ]);
    expect(await Promise.all([run(1), run(2), run(3)])).toEqual([
      [1, 1],
      [2, 2],
      [3, 3],
    ]);
  });

  test("share no module's state", async () => {
    open();
    const keep = (token: Token, value: string): Promise<unknown> =>
      workers.run(token, value, { name: 'keep' });
    expect([await keep(alice, 'a'), await keep(bob, 'b')]).toEqual(['a', 'b']);
    expect([await keep(alice, 'c'), await keep(bob, 'd')]).toEqual(['a', 'b']);
  });

  test('are the user of the token in a worker of another user', async () => {
    open();
    const posts = await runInWorker(
      `const { UserWorkers } = require(${JSON.stringify(product)});
      const { ticket, file, execArgv } = workerData;
      const workers = new UserWorkers(file, { execArgv, env: process.env });
      const { user } = await workers.run(Token.claim(ticket), 1);
      post([user, me()]);
      await workers.close();`,
      { token: alice, workerData: { ticket: bob.share(), file, execArgv: asProcessFirst } },
    );
    expect(posts).toEqual([[world.bob.id, 'alice alice']]);
  });

  test('share no environment', async () => {
    open({ env: { ...process.env, USER_TASKS: 'first' } });
    const set = (token: Token, value: string): Promise<unknown> =>
      workers.run(token, value, { name: 'setEnv' });
    expect(await set(alice, 'of alice')).toBe('first');
    expect(await set(bob, 'of bob')).toBe('first');
    expect(await set(alice, '')).toBe('of alice');
    expect(process.env.USER_TASKS).toBe(undefined);
  });

  test('ignore messages that a task posts in the place of the package', async () => {
    open();
    const ids = Array.from({ length: 20 }, (_id, n) => n).filter((n) => n !== 1);
    expect(await workers.run(alice, ids, { name: 'forge' })).toMatch(/^[1-9] ports$/);
    expect(await workers.run(alice, 'own', { name: 'echo' })).toBe('own');
    expect(await workers.run(bob, 'own', { name: 'echo' })).toBe('own');
  });
});

/** A worker's file: returns what the user reads, in each form of node:fs. */
const reader = `
  const { promisify } = require('node:util');
  const fs = require('node:fs');
  const forms = {
    sync: async (file) => fs.readFileSync(file, 'utf8'),
    callback: (file) => promisify(fs.readFile)(file, 'utf8'),
    promises: (file) => fs.promises.readFile(file, 'utf8'),
    stream: async (file) => {
      let text = '';
      for await (const part of fs.createReadStream(file, 'utf8')) text += part;
      return text;
    },
  };
  module.exports = ({ form, file }) => forms[form](file);`;

describeSwitching('node:fs in UserWorkers', () => {
  test.each(['main', 'unrouted'] as const)(
    'acts as the user, asynchronous or not: 200 tasks of two users, mixed (%s)',
    async (kind) => {
      const lines = await linesOf(
        `${usersSource('user-workers')}
        const { UserWorkers } = require(${JSON.stringify(kind === 'main' ? product : unrouted)});
        const workers = new UserWorkers(${JSON.stringify(writeSource('bare', reader))});
        const results = [];
        for (let n = 0; n < 200; n++) {
          const [who, other] = n % 2 === 0 ? [alice, bob] : [bob, alice];
          const form = ['sync', 'callback', 'promises', 'stream'][(n >> 1) % 4];
          const read = (of) => outcome(() => workers.run(tokens[who.key], { form, file: within(of, 'file') }));
          results.push(Promise.all([read(who), read(other)]).then((seen) => [who.key, ...seen].join()));
        }
        for (const seen of new Set(await Promise.all(results))) print(seen);
        await workers.close();`,
        { execArgv: ['--no-warnings'] },
        kind,
      );
      expect(lines.sort()).toEqual(['alice,of alice,denied', 'bob,of bob,denied']);
    },
  );
});

describe("the functions of the workers' file", () => {
  let token: Token;
  beforeEach(() => {
    token = Token.process();
  });
  afterEach(() => {
    token.close();
  });
  const run = (task: unknown, options?: UserWorkersRunOptions): Promise<unknown> =>
    workers.run(token, task, options);

  test.each([
    ['a CommonJS function', 'bare', 'module.exports = (n) => n + 1; module.exports.twice = (n) => n * 2;'],
    ['CommonJS exports', 'bare', 'Object.assign(exports, { default: (n) => n + 1, twice: (n) => n * 2 });'],
    [
      'a compiled module',
      'bare',
      'exports.__esModule = true; exports.default = (n) => n + 1; exports.twice = async (n) => n * 2;',
    ],
    [
      'an ES module',
      'module',
      'await null; export default async (n) => n + 1; export const twice = (n) => n * 2;',
    ],
  ] as const)('are those of %s', async (_name, kind, source) => {
    const path = writeSource(kind, source);
    for (const form of [path, pathToFileURL(path)]) {
      open({ execArgv: [] }, form);
      expect([await run(1), await run(3, { name: 'twice' })]).toEqual([2, 6]);
      await workers.close();
    }
  });

  test('are those of a data: URL', async () => {
    open({ execArgv: [] }, new URL('data:text/javascript,export default (n) => n + 1'));
    expect(await run(1)).toBe(2);
  });

  test.each(['nothing', 'constructor', 'toString', '__proto__'])('are its own: not %s', async (name) => {
    open();
    const error = await rejected(run('return 1', { name }));
    expect(error).toMatchObject({ name: 'TypeError', code: 'ERR_INVALID_ARG_VALUE' });
    expect(error.message).toContain('"options.name"');
  });

  test('get and return clones, and what is transferred', async () => {
    open({ workerData: { n: 5n } });
    const given = new Uint8Array(1000);
    const value = { deep: [new Map([[1, new Date(5)]])] };
    expect(await run(value, { name: 'echo' })).toEqual(value);
    expect(await run(given, { name: 'detached', transferList: [given.buffer] })).toBe(1000);
    expect(given.byteLength).toBe(0);
    expect(await run(9, { name: 'moved' })).toEqual(new Uint8Array(9).fill(7));
    expect(await run(null, { name: 'data' })).toEqual({ n: 5n });
  });

  test('may use move() of piscina', async () => {
    const piscina = JSON.stringify(require.resolve('piscina'));
    const source = `module.exports = (n) => require(${piscina}).move(new Uint8Array(n).fill(n));`;
    open({ execArgv: [] }, writeSource('bare', source));
    expect(await run(9)).toEqual(new Uint8Array(9).fill(9));
  });

  test('get and return nothing that cannot be cloned', async () => {
    open();
    expect(await rejected(run(() => 1))).toMatchObject({ name: 'DataCloneError' });
    expect(await rejected(run(1, { name: 'uncloneable' }))).toMatchObject({ name: 'DataCloneError' });
    expect((await rejected(run(token))).message).toContain('token.share()');
    expect(await run('fine', { name: 'echo' })).toBe('fine');
  });
});

describe('an error of a task', () => {
  let token: Token;
  beforeEach(() => {
    token = Token.process();
    open();
  });
  afterEach(() => {
    token.close();
  });
  const errorOf = (name: string): Promise<Caught & Error> =>
    rejected(workers.run(token, name, { name: 'fail' }));

  test('of the system has its code, errno, syscall and path', async () => {
    const error = await errorOf('system');
    const path: unknown = expect.stringMatching(/no[\\/]such[\\/]file$/);
    expect(error).toMatchObject({ code: 'ENOENT', syscall: 'open', path, name: 'Error' });
    expect(error.errno).toBeLessThan(0);
    expect(Object.keys(error).sort()).toEqual(['code', 'errno', 'path', 'syscall']);
  });

  test('has its name, its own properties and its causes', async () => {
    const error = await errorOf('own');
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ name: 'QuotaError', message: 'full', code: 'EDQUOT', left: { bytes: 5n } });
    expect(error.stack).toContain('user-tasks');
    expect(error.cause).toBeInstanceOf(TypeError);
    expect(error.cause).toMatchObject({ message: 'inner', cause: 'text' });
  });

  test("is of JavaScript's class, and lists errors", async () => {
    const error = (await errorOf('list')) as unknown as AggregateError;
    expect(error).toBeInstanceOf(AggregateError);
    expect(error.errors).toEqual([expect.any(RangeError), 2]);
  });

  test('is a DOMException or an ImpersonationError', async () => {
    const dom = await errorOf('dom');
    expect([dom instanceof DOMException, dom.name, dom.message]).toEqual([true, 'SyntaxError', 'gone']);
    const own = await errorOf('impersonation');
    expect(own).toBeInstanceOf(ImpersonationError);
    expect(own).toMatchObject({ code: 'ERR_TOKEN_CLOSED', errno: 5, syscall: 'call', message: 'no' });
    expect(Object.hasOwn(own, 'name')).toBe(false);
  });

  test('need not be an Error', async () => {
    expect(await errorOf('text')).toBe('just text');
    expect(await errorOf('nothing')).toBe(undefined);
    expect(await errorOf('function')).toMatchObject({ name: 'DataCloneError' });
  });

  test('arrives without what cannot be cloned or read', async () => {
    const partly = await errorOf('partly');
    expect([partly.message, Object.keys(partly)]).toEqual(['partly', ['fine']]);
    expect(await errorOf('odd')).toMatchObject({ message: 'odd', name: 'Error' });
    expect(await errorOf('throwing')).toMatchObject({ message: 'getter' });
    let round = await errorOf('circular');
    for (let depth = 0; depth < 8; depth++) round = round.cause as typeof round;
    expect(round.cause).toBe(undefined);
  });
});

describe('UserWorkers cannot be made', () => {
  beforeEach(() => open());

  test.each([
    ['file', 5, {}, 'ERR_INVALID_ARG_TYPE'],
    ['file', 'tasks.js', {}, 'ERR_WORKER_PATH'],
    ['options', './x.js', 5, 'ERR_INVALID_ARG_TYPE'],
    ['options.threads', './x.js', { threads: 2 }, 'ERR_INVALID_ARG_VALUE'],
    ['options.maxWorkers', './x.js', { maxWorkers: 0 }, 'ERR_INVALID_ARG_VALUE'],
    ['options.maxWorkers', './x.js', { maxWorkers: '2' }, 'ERR_INVALID_ARG_TYPE'],
    ['options.idleTimeout', './x.js', { idleTimeout: -1 }, 'ERR_INVALID_ARG_VALUE'],
    ['options.maxQueue', './x.js', { maxQueue: 0 }, 'ERR_INVALID_ARG_VALUE'],
    ['options.env', './x.js', { env: SHARE_ENV }, 'ERR_INVALID_ARG_VALUE'],
  ])('with a wrong %s', (argument, path, options, code) => {
    const error = caught(() => new UserWorkers(path as string, options as UserWorkersOptions));
    expect(error).toMatchObject({ name: 'TypeError', code });
    if (code !== 'ERR_WORKER_PATH') expect(error.message).toContain(`"${argument}"`);
  });

  test('with data that cannot be cloned', () => {
    const workerData = (): void => {};
    expect(caught(() => new UserWorkers(file, { workerData }))).toMatchObject({ name: 'DataCloneError' });
  });

  test('to run a task with what only looks like a signal', async () => {
    using token = Token.process();
    const { count } = Token;
    const signal = { aborted: false } as AbortSignal;
    expect(await rejected(workers.run(token, 1, { signal }))).toMatchObject({ name: 'TypeError' });
    expect([workers.size, workers.queueSize, Token.count]).toEqual([0, 0, count]);
  });

  test.each([
    ['token', null, {}, 'ERR_INVALID_ARG_TYPE'],
    ['options', 'token', null, 'ERR_INVALID_ARG_TYPE'],
    ['options.filename', 'token', { filename: 'x' }, 'ERR_INVALID_ARG_VALUE'],
    ['options.signal', 'token', { signal: 5 }, 'ERR_INVALID_ARG_TYPE'],
    ['options.transferList', 'token', { transferList: {} }, 'ERR_INVALID_ARG_TYPE'],
    ['options.name', 'token', { name: '' }, 'ERR_INVALID_ARG_VALUE'],
  ])('to run a task with a wrong %s', async (argument, given, options, code) => {
    using token = Token.process();
    const running = workers.run((given && token) as Token, 1, options as UserWorkersRunOptions);
    const error = await rejected(running);
    expect(error).toMatchObject({ name: 'TypeError', code });
    expect(error.message).toContain(`"${argument}"`);
    expect([workers.size, workers.queueSize]).toEqual([0, 0]);
  });
});
