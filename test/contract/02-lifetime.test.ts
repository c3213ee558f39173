import { Token } from 'impersonate';
import { runSource } from '../support/children/child';
import { caught } from '../support/errors';
import { describeSwitching, expectActingAs } from '../support/world/acting';
import { world } from '../support/world/world';

describe('closing', () => {
  test('is idempotent, by either name', () => {
    const token = Token.process();
    token.close();
    token.close();
    token[Symbol.dispose]();
    expect(token.closed).toBe(true);
  });

  test('lowers Token.count', () => {
    const before = Token.count;
    const token = Token.process();
    expect(Token.count).toBe(before + 1);
    token.close();
    expect(Token.count).toBe(before);
    token.close();
    expect(Token.count).toBe(before);
  });

  test.each<[string, (token: Token, open: Token) => unknown]>([
    ['runSync', (token) => token.runSync(() => 1)],
    [
      'impersonate',
      (token) => {
        token.impersonate().revert();
      },
    ],
    ['duplicate', (token) => token.duplicate()],
    ['equals', (token, open) => token.equals(open)],
    ['equals as argument', (token, open) => open.equals(token)],
  ])('ends %s', (_name, use) => {
    using open = Token.process();
    const token = Token.process();
    token.close();
    expect(caught(() => use(token, open))).toMatchObject({
      name: 'ImpersonationError',
      code: 'ERR_TOKEN_CLOSED',
    });
  });
});

describe('the limit', () => {
  const limit = Token.limit;
  afterEach(() => {
    Token.limit = limit;
  });

  test('is 16384 by default', () => {
    expect(limit).toBe(16384);
  });

  test('rejects the next token and changes nothing else', () => {
    using open = Token.process();
    Token.limit = Token.count;
    const count = Token.count;
    for (const make of [() => Token.process(), () => open.duplicate(), () => Token.anonymous()]) {
      expect(caught(make)).toMatchObject({ name: 'ImpersonationError', code: 'ERR_TOKEN_LIMIT' });
    }
    expect(Token.count).toBe(count);
    expect(open.user.id).toBe(world.serviceId);
    Token.limit = count + 1;
    Token.process().close();
  });

  test.each([65537, 1e10])('cannot be %d', (value) => {
    expect(caught(() => (Token.limit = value)).code).toMatch(/^ERR_(INVALID_ARG_VALUE|OUT_OF_RANGE)$/);
    expect(Token.limit).toBe(limit);
  });
});

describeSwitching('a token closed while in use', () => {
  test('cannot be entered, and lives while a scope holds it', async () => {
    using alice = await world.alice.token();
    using scope = alice.impersonate();
    alice.close();
    expect(scope.active).toBe(true);
    expectActingAs(world.alice);
    expect(
      caught(() => {
        alice.impersonate().revert();
      }).code,
    ).toBe('ERR_TOKEN_CLOSED');
    expectActingAs(world.alice);
  });

  test('is restored when an inner scope ends', async () => {
    const alice = await world.alice.token();
    using bob = await world.bob.token();
    alice.runSync(() => {
      alice.close();
      bob.runSync(() => {
        expectActingAs(world.bob);
      });
      expectActingAs(world.alice);
    });
  });

  test('is not confused with a later token', async () => {
    const first = await world.alice.token();
    first.close();
    using second = await world.bob.token();
    first.close();
    expect(second.closed).toBe(false);
    second.runSync(() => {
      expectActingAs(world.bob);
    });
  });
});

test('a collected token releases its handle and warns once per process', async () => {
  const result = await runSource(
    `
    process.on('warning', (warning) => print(warning.name + ' ' + warning.code));
    const baseline = Token.count;
    (() => { for (let i = 0; i < 50; i++) Token.process(); })();
    print('made ' + (Token.count - baseline));
    for (let round = 0; round < 100 && Token.count > baseline; round++) {
      globalThis.gc();
      await new Promise((resolve) => { setTimeout(resolve, 10); });
    }
    print('left ' + (Token.count - baseline));
    `,
    { execArgv: ['--expose-gc'] },
  );
  expect(result).toMatchObject({ code: 0, signal: null });
  const lines = result.stdout.split(/\r?\n/).filter(Boolean);
  expect(lines.filter((line) => line.includes('ImpersonationWarning'))).toEqual([
    'ImpersonationWarning IMPERSONATE_TOKEN_NOT_CLOSED',
  ]);
  expect(lines).toEqual(expect.arrayContaining(['made 50', 'left 0']));
});

test('in a chain of tokens only the last one needs close()', async () => {
  const { code, stdout } = await runSource(
    `
    process.on('warning', (warning) => print(warning.name + ' ' + warning.code));
    const baseline = Token.count;
    const removePrivileges = Token.current().privileges.map(({ name }) => name).slice(0, 1);
    for (let i = 0; i < 50; i++) Token.process().restrict({ removePrivileges }).duplicate().close();
    for (let round = 0; round < 100 && Token.count > baseline + 1; round++) {
      globalThis.gc();
      await new Promise((resolve) => { setTimeout(resolve, 10); });
    }
    print('left ' + (Token.count - baseline <= 1));
    `,
    { execArgv: ['--expose-gc'] },
  );
  expect({ code, lines: stdout.split(/\r?\n/).filter(Boolean) }).toEqual({ code: 0, lines: ['left true'] });
});

describeSwitching('tokens that Token.current() returns', () => {
  test('need no close()', async () => {
    const { code, stdout } = await runSource(
      `
      process.on('warning', (warning) => print(warning.name + ' ' + warning.code));
      const baseline = Token.count;
      const alice = await world.alice.token();
      const bob = await world.bob.token();
      alice.runSync(() => { alice.close(); for (let i = 0; i < 50; i++) Token.current(); });
      bob.run(() => { bob.close(); for (let i = 0; i < 50; i++) Token.current(); });
      for (let round = 0; round < 100 && Token.count > baseline; round++) {
        globalThis.gc();
        await new Promise((resolve) => { setTimeout(resolve, 10); });
      }
      print('left ' + (Token.count - baseline));
      `,
      { execArgv: ['--expose-gc'] },
    );
    expect({ code, lines: stdout.split(/\r?\n/).filter(Boolean) }).toEqual({ code: 0, lines: ['left 0'] });
  });
});
