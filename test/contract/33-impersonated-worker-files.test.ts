import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ImpersonatedWorker, type ImpersonatedWorkerOptions, Token } from 'impersonate';
import { writeSource } from '../support/children/child';
import { asProcessFirst, failureOf, postsOf, run } from '../support/children/impersonated-worker';
import { caught, type Caught } from '../support/errors';
import { tempFolder } from '../support/folders';
import { alice, describeSwitching, freshTokens } from '../support/world/acting';
import { world } from '../support/world/world';

/** The first message of a worker that started correctly. */
const report = `[world.whoAmI(), workerData, process.argv.slice(1), process.execArgv.length]`;
const worldPath = JSON.stringify(require.resolve('../support/world/world'));
const commonJs = `
  const { parentPort, workerData } = require('node:worker_threads');
  const { world } = require(${worldPath});`;
const esModule = `
  import { parentPort, workerData } from 'node:worker_threads';
  import { createRequire } from 'node:module';
  const { world } = createRequire(import.meta.url)(${worldPath});`;

describeSwitching('an ImpersonatedWorker runs', () => {
  freshTokens();
  const options = (): ImpersonatedWorkerOptions => ({
    token: alice,
    workerData: { deep: [1n] },
    argv: ['--flag', 'x'],
    execArgv: asProcessFirst,
    env: process.env,
  });
  const started = (...argv: string[]): unknown[] => [
    world.alice.id,
    { deep: [1n] },
    [...argv, '--flag', 'x'],
    2,
  ];

  test('a CommonJS file as its main module', async () => {
    const file = writeSource(
      'bare',
      `${commonJs} parentPort.postMessage(${report}); parentPort.postMessage(require.main === module);`,
    );
    expect(await postsOf(new ImpersonatedWorker(file, options()))).toEqual([started(file), true]);
  });

  test('a module', async () => {
    const file = writeSource('module', `${esModule} await null; parentPort.postMessage(${report});`);
    expect(await postsOf(new ImpersonatedWorker(file, options()))).toEqual([started(file)]);
  });

  test('a file by its URL', async () => {
    const file = writeSource('module', `${esModule} parentPort.postMessage(${report});`);
    const worker = new ImpersonatedWorker(pathToFileURL(file), options());
    expect(await postsOf(worker)).toEqual([started(file)]);
  });

  describe('in the current folder', () => {
    const before = process.cwd();
    const folder = tempFolder('current');
    beforeEach(() => {
      process.chdir(folder);
    });
    afterEach(() => {
      process.chdir(before);
    });

    test('a file by its path', async () => {
      writeFileSync('here.cjs', `${commonJs} parentPort.postMessage(${report});`);
      const worker = new ImpersonatedWorker('./here.cjs', options());
      expect(await postsOf(worker)).toEqual([started(join(process.cwd(), 'here.cjs'))]);
    });

    test('code', async () => {
      writeFileSync('beside.cjs', 'module.exports = 5;');
      const code = `${commonJs} parentPort.postMessage(${report}); parentPort.postMessage(require('./beside.cjs'));
        import('node:worker_threads').then(({ workerData }) => parentPort.postMessage(workerData));`;
      const worker = new ImpersonatedWorker(code, { ...options(), eval: true });
      expect(await postsOf(worker)).toEqual([started('[worker eval]'), 5, { deep: [1n] }]);
    });
  });

  test('a data: URL', async () => {
    const source = `
      import { parentPort, workerData } from 'node:worker_threads';
      parentPort.postMessage([process.geteuid?.().toString() ?? '', workerData, process.argv.slice(1)]);`;
    const worker = new ImpersonatedWorker(
      new URL(`data:text/javascript,${encodeURIComponent(source)}`),
      options(),
    );
    const user = process.platform === 'win32' ? '' : world.alice.id;
    expect(await postsOf(worker)).toEqual([[user, { deep: [1n] }, ['--flag', 'x']]]);
  });

  test("with a Worker's other options", async () => {
    const { port1, port2 } = new MessageChannel();
    port1.on('message', () => {
      port1.close();
    });
    const posts = await run(
      `workerData.port.postMessage('x'); workerData.port.close();
      post([process.env.ONLY, Object.keys(process.env).includes('PATH'), require('node:worker_threads').resourceLimits.maxYoungGenerationSizeMb]);`,
      {
        token: alice,
        env: { ONLY: 'this', IMPERSONATE_TEST_WORLD: process.env.IMPERSONATE_TEST_WORLD },
        workerData: { port: port2 },
        transferList: [port2],
        resourceLimits: { maxYoungGenerationSizeMb: 16 },
      },
    );
    expect(posts).toEqual([['this', false, 16]]);
  });
});

/** Expects that no ticket is left: a new one fits a limit of one. */
function expectNoTicketLeft(): void {
  const { limit } = Token;
  using token = Token.process();
  Token.limit = 1;
  let ticket: string;
  try {
    ticket = token.share();
  } finally {
    Token.limit = limit;
  }
  Token.claim(ticket).close();
}

describe('an ImpersonatedWorker cannot be made', () => {
  let token: Token;
  beforeEach(() => {
    token = Token.process();
  });
  afterEach(() => {
    expectNoTicketLeft();
    token.close();
  });
  const attempt = (file: unknown, options: unknown): Caught =>
    caught(() => new ImpersonatedWorker(file as string, options as ImpersonatedWorkerOptions));

  test.each([
    [undefined, 'ERR_INVALID_ARG_TYPE'],
    [null, 'ERR_INVALID_ARG_TYPE'],
    [5, 'ERR_INVALID_ARG_TYPE'],
    [{ href: 'x' }, 'ERR_INVALID_ARG_TYPE'],
    ['worker.js', 'ERR_WORKER_PATH'],
    ['', 'ERR_WORKER_PATH'],
    ['file:///worker.js', 'ERR_WORKER_PATH'],
    [new URL('https://example.org/worker.js'), 'ERR_INVALID_URL_SCHEME'],
  ])('from %p', (file, code) => {
    expect(attempt(file, { token })).toMatchObject({ name: 'TypeError', code });
  });

  test('from code that is a URL', () => {
    expect(attempt(new URL('data:text/javascript,'), { token, eval: true })).toMatchObject({
      name: 'TypeError',
      code: 'ERR_INVALID_ARG_VALUE',
    });
  });

  test.each([
    [undefined],
    [null],
    ['x'],
    [{}],
    [{ token: null }],
    [{ token: 1 }],
    [{ token: Object.create(Token.prototype) as unknown }],
  ])('with %p for options', (options) => {
    const error = attempt('./worker.js', options);
    expect(error).toMatchObject({ name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' });
    expect(error.message).toContain('"options');
  });

  test('with a closed token', () => {
    token.close();
    expect(attempt('./worker.js', { token })).toMatchObject({ code: 'ERR_TOKEN_CLOSED' });
  });

  test.each([
    [{ execArgv: ['--no-such-option'] }, 'ERR_WORKER_INVALID_EXEC_ARGV'],
    [{ execArgv: 'x' }, 'ERR_INVALID_ARG_TYPE'],
    [{ env: 5 }, 'ERR_INVALID_ARG_TYPE'],
  ])('with %p, and revokes the ticket', (options, code) => {
    expect(attempt('./worker.js', { token, ...options })).toMatchObject({ code });
  });

  test('with data that cannot be cloned, and revokes the ticket', () => {
    const workerData = (): void => {};
    expect(attempt('./worker.js', { token, workerData })).toMatchObject({ name: 'DataCloneError' });
  });
});

describeSwitching('an ImpersonatedWorker fails before its code runs', () => {
  freshTokens();
  afterEach(expectNoTicketLeft);
  const file = (): string =>
    writeSource('bare', `require('node:worker_threads').parentPort.postMessage('ran');`);

  test('if its token is of identification level', async () => {
    using token = alice.duplicate({ level: 'identification' });
    const { error, posts } = await failureOf(new ImpersonatedWorker(file(), { token }));
    expect({ code: error.code, posts }).toEqual({ code: 'ERR_TOKEN_LEVEL', posts: [] });
  });

  test('if it cannot claim its token', async () => {
    const { limit } = Token;
    Token.limit = Token.count;
    try {
      const { error, posts } = await failureOf(new ImpersonatedWorker(file(), { token: alice }));
      expect({ code: error.code, posts }).toEqual({ code: 'ERR_TOKEN_LIMIT', posts: [] });
    } finally {
      Token.limit = limit;
    }
  });

  test('if there is no such file', async () => {
    const missing = join(dirname(file()), 'missing.cjs');
    const { error } = await failureOf(new ImpersonatedWorker(missing, { token: alice }));
    expect(error).toMatchObject({ code: 'MODULE_NOT_FOUND' });
  });

  test('if the user may not read the file', async () => {
    const secret = file();
    world.own(secret, 'service');
    const { error, posts } = await failureOf(new ImpersonatedWorker(secret, { token: alice }));
    expect(error.message).toMatch(/EACCES|EPERM/);
    expect(posts).toEqual([]);
  });
});
