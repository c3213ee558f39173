import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once, setMaxListeners } from 'node:events';
import { createInterface } from 'node:readline';
import { inspect } from 'node:util';
import { Worker } from 'node:worker_threads';
import { type LogonOptions, Token } from 'impersonate';
import { linesOf, writeSource } from '../support/children/child';
import { countInMemory } from '../support/children/memory';
import { rejected } from '../support/errors';
import { product } from '../support/paths';
import { describeSwitching, expectActingAs, expectActingAsService } from '../support/world/acting';
import { settledHandles, world } from '../support/world/world';

const refused =
  process.platform === 'win32'
    ? { code: 'ERROR_LOGON_FAILURE', errno: 1326, syscall: 'LogonUserW' }
    : { code: 'PAM_AUTH_ERR', errno: 7, syscall: 'pam_authenticate' };

/** More than can wait for the authority at a time. */
const many = 40;

describe('an argument of Token.logon', () => {
  const good = { user: 'somebody', password: 'secret-of-nobody' };
  test.each<[string, unknown]>([
    ['options', undefined],
    ['options', 'alice'],
    ['options.pasword', { ...good, pasword: 'secret-of-nobody' }],
    ['options.user', { password: 'secret-of-nobody' }],
    ['options.user', { ...good, user: '' }],
    ['options.user', { ...good, user: 'a\0b' }],
    ['options.user', { ...good, user: 5 }],
    ['options.password', { user: 'somebody' }],
    ['options.password', { ...good, password: null }],
    ['options.password', { ...good, password: ['secret-of-nobody'] }],
    ['options.password', { ...good, password: new Uint16Array(8) }],
    ['options.password', { ...good, password: 'secret-of-nobody\0' }],
    ['options.password', { ...good, password: Buffer.from('secret-of-nobody\0') }],
    ['options.password', { ...good, password: Buffer.from('secret-of-nobody\xff', 'latin1') }],
    ['options.password', { ...good, password: 'secret-of-nobody\ud800' }],
    ['options.password', { ...good, password: 'secret-of-nobody'.repeat(2048) }],
    ['options.password', { ...good, password: Buffer.alloc(32_768, 'secret-of-nobody') }],
    ['options.signal', { ...good, signal: 'now' }],
    ['options.signal', { ...good, signal: null }],
  ])('%s in a wrong form throws without a word of the password', async (argument, options) => {
    const count = Token.count;
    const error = await rejected(Token.logon(options as LogonOptions));
    expect(error.name).toBe('TypeError');
    expect(error.code).toMatch(/^ERR_INVALID_ARG_(TYPE|VALUE)$/);
    expect(error.message).toContain(`"${argument}"`);
    expect(inspect(error, { showHidden: true, depth: null })).not.toContain('secret-of-nobody');
    expect(Token.count).toBe(count);
  });
});

describeSwitching('a logon', () => {
  test.each(['alice', 'bob'] as const)('makes a token that acts as %s', async (key) => {
    using token = await Token.logon(world[key].logon());
    expect(token.user.id).toBe(world[key].id);
    expect(token.groups.map(({ id }) => id)).toContain(world[key].group);
    token.runSync(() => {
      expectActingAs(world[key]);
    });
    expectActingAsService();
  });

  test('takes the password as bytes, which the caller may wipe as soon as the call has returned', async () => {
    const passwords = Array.from({ length: many }, () => Buffer.from(world.alice.password));
    const logons = passwords.map((password) => Token.logon(world.alice.logon({ password })));
    for (const password of passwords) password.fill('x');
    const tokens = await Promise.all(logons);
    for (const token of tokens) {
      expect(token.user.id).toBe(world.alice.id);
      token.close();
    }
  });

  const wrong: [string, Partial<LogonOptions>][] = [
    ['another password', { password: 'not-the-password' }],
    ['no password', { password: '' }],
    ['another user’s password', { password: world.bob.password }],
    ['a password that goes on', { password: `${world.alice.password}x` }],
    ['a password that stops', { password: world.alice.password.slice(0, -1) }],
    ['an unknown user', { user: 'nobody-at-all' }],
  ];
  test('rejects a wrong password and an unknown user with the same error', async () => {
    const count = Token.count;
    for (const [, changes] of wrong) {
      const error = await rejected(Token.logon(world.alice.logon(changes)));
      expect(error).toMatchObject({ name: 'ImpersonationError', ...refused });
      expect(error.message).toBe((await rejected(Token.logon(world.alice.logon(wrong[0]?.[1])))).message);
    }
    expect(Token.count).toBe(count);
  });

  test('shows the password in no error, token or event', async () => {
    const secret = 'unusual-password-of-nobody';
    const error = await rejected(Token.logon(world.alice.logon({ password: secret })));
    const events: unknown[] = [];
    const listen = (message: unknown): void => void events.push(message);
    const channels = ['enter', 'revert', 'denied'].map((name) => `impersonate:${name}`);
    for (const one of channels) subscribe(one, listen);
    using token = await Token.logon(world.alice.logon());
    token.runSync(() => undefined);
    for (const one of channels) unsubscribe(one, listen);
    expect(events.length).toBeGreaterThan(0);
    const text = inspect([error, token, events, String(token), JSON.stringify(token)], {
      showHidden: true,
      depth: null,
    });
    expect(text).not.toContain(secret);
    if (world.alice.password !== world.alice.name) expect(text).not.toContain(world.alice.password);
  });

  test('can be started inside a scope, which it does not change', async () => {
    using bob = await world.bob.token();
    const logon = bob.runSync(() => {
      const promise = Token.logon(world.alice.logon());
      expectActingAs(world.bob);
      return { promise };
    });
    using token = await logon.promise;
    token.runSync(() => {
      expectActingAs(world.alice);
    });
  });

  test('leaks nothing after 100 successes and 100 failures', async () => {
    const round = async (): Promise<void> => {
      const right = Array.from({ length: 20 }, () => Token.logon(world.alice.logon()));
      const bad = right.map(() => rejected(Token.logon(world.alice.logon({ password: 'wrong' }))));
      for (const token of await Promise.all(right)) token.close();
      for (const error of await Promise.all(bad)) expect(error.code).toBe(refused.code);
    };
    // A lock that lives as long as the process gets a handle at its first contention, which may be in any round; a leak
    // of a logon occurs in every round.
    await round();
    const { count } = Token;
    let grown = Infinity;
    for (let attempt = 0; attempt < 3 && grown > 0; attempt++) {
      const handles = await settledHandles();
      for (let count = 0; count < 5; count++) await round();
      grown = (await settledHandles()) - handles;
    }
    expect(grown).toBeLessThanOrEqual(0);
    expect(Token.count).toBe(count);
  });

  describe('with a signal', () => {
    test('that is already aborted starts no logon', async () => {
      const reason = new Error('not wanted');
      const signal = AbortSignal.abort(reason);
      expect(await rejected(Token.logon(world.alice.logon({ signal })))).toBe(reason);
    });

    test('rejects at once with its reason, in progress or queued, and leaves no token', async () => {
      const count = Token.count;
      const aborter = new AbortController();
      const { signal } = aborter;
      setMaxListeners(many, signal);
      const ends = Array.from({ length: many }, () => rejected(Token.logon(world.alice.logon({ signal }))));
      aborter.abort();
      for (const error of await Promise.all(ends)) expect(error.name).toBe('AbortError');
      // Queued behind all logons that have begun.
      const others = Array.from({ length: many }, () => Token.logon(world.bob.logon()));
      for (const token of await Promise.all(others)) {
        expect(token.user.id).toBe(world.bob.id);
        token.close();
      }
      expect(Token.count).toBe(count);
    });

    test('that is aborted later changes nothing', async () => {
      const aborter = new AbortController();
      using token = await Token.logon(world.alice.logon({ signal: aborter.signal }));
      aborter.abort();
      expect(token.closed).toBe(false);
    });
  });

  test('ends with the thread that started it', async () => {
    const count = Token.count;
    const source = `
      const { parentPort, workerData } = require('node:worker_threads');
      const { Token } = require(workerData.product);
      for (let n = 0; n < 10; n++) Token.logon(workerData.options).catch(() => {});
      parentPort.postMessage('started');`;
    const workerData = { product, options: world.alice.logon() };
    for (let round = 0; round < 3; round++) {
      const worker = new Worker(writeSource('bare', source), { workerData, env: process.env });
      const ended = once(worker, 'exit');
      await once(worker, 'message');
      await worker.terminate();
      await ended;
    }
    (await Token.logon(world.alice.logon())).close();
    expect(Token.count).toBe(count);
  });

  test('keeps the process alive until it completes', async () => {
    const options = JSON.stringify(world.alice.logon());
    const lines = await linesOf(`Token.logon(${options}).then((token) => print(token.user.id));`);
    expect(lines).toEqual([world.alice.id]);
  });
});

// The password comes only from standard input: the text of a script stays in the memory of the engine.
const source = `
  const fs = require('node:fs');
  const { Token } = require(process.argv[2]);
  const options = JSON.parse(process.argv[3]);
  if (process.argv[4]) require(process.argv[4]).patchAuthority('impersonate.node');
  const password = Buffer.alloc(Number(process.argv[5]));
  for (let read = 0; read < password.length; ) read += fs.readSync(0, password, read, password.length - read, null);
  const logons = Array.from({ length: 5 }, () => Token.logon({ ...options, password }));
  process.argv[6] === 'keep' || password.fill(0);
  Promise.allSettled(logons).then((ends) => {
    // The threads end shortly after their results arrive.
    setTimeout(() => console.log(ends.map(({ status }) => status).join()), 200);
  });
  setInterval(() => {}, 1000);`;

const isWindows = process.platform === 'win32';
const seamAddon = isWindows ? require.resolve('../../build-win32-x64/Release/seam.node') : '';
const encodings = isWindows ? (['utf8', 'utf16le'] as const) : (['utf8'] as const);

/**
 * Returns parts of the password: freed memory is soon overwritten here and there, which would hide what was not wiped.
 * The longer the password, the more of it stays.
 */
function partsOf(password: string): string[] {
  const parts: string[] = [];
  for (let at = 24; at + 32 <= password.length; at += 512) parts.push(password.slice(at, at + 32));
  return parts;
}

/** Counts the occurrences of the password in the memory of a child that has logged on with it. */
async function leftOf(
  password: string,
  options: object,
  keep = '',
): Promise<{ ends: string; left: number[] }> {
  const bytes = Buffer.from(password);
  const args = [product, JSON.stringify(options), seamAddon, String(bytes.length), keep];
  const child = spawn(process.execPath, [writeSource('bare', source), ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  try {
    child.stdin.write(bytes);
    const [ends] = (await once(createInterface(child.stdout), 'line')) as [string];
    const left = encodings.map((encoding) =>
      countInMemory(
        child.pid ?? 0,
        partsOf(password).map((part) => Buffer.from(part, encoding)),
      ),
    );
    return { ends, left };
  } finally {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
}

const all = (status: string): string => Array<string>(5).fill(status).join();
const none = encodings.map(() => 0);

describeSwitching('the password in memory after a logon', () => {
  const long = randomBytes(12_000).toString('base64');
  // Under Wine newCredentials does not check the password.
  const password = isWindows ? long : world.alice.password;
  const { user, service } = world.alice.logon();
  const right = isWindows ? { user, type: 'newCredentials' } : { user, service };
  const wrong = isWindows ? { user: 'nobody-at-all' } : { user: 'imp-bob', service };

  test('is found if it is kept', async () => {
    const { left } = await leftOf(password, right, 'keep');
    expect(left[0]).toBeGreaterThan(0);
  });

  test('is not found after a success', async () => {
    expect(await leftOf(password, right)).toEqual({ ends: all('fulfilled'), left: none });
  });

  test('is not found after a failure', async () => {
    expect(await leftOf(long, wrong)).toEqual({ ends: all('rejected'), left: none });
  });
});
