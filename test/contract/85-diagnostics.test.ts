import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type DeniedMessage, type ScopeMessage, Token } from 'impersonate';
import { readFile } from 'impersonate/fs';
import { linesOf, runSource } from '../support/children/child';
import { caught, rejected } from '../support/errors';
import { tempFolder } from '../support/folders';
import { product, root } from '../support/paths';
import { alice, bob, describeSwitching, expectActingAs, freshTokens } from '../support/world/acting';
import { world } from '../support/world/world';

interface Event {
  readonly name: string;
  readonly message: unknown;
  /** The identity of the subscriber, by the kernel and by the package. */
  readonly seenAs: string;
}

const names = ['enter', 'revert', 'denied', 'leak'].map((name) => `impersonate:${name}`);
let events: Event[] = [];
const note = (message: unknown, name: string | symbol): void => {
  const seenAs = `${world.whoAmI()} ${Token.current().user.id} ${String(world.canOpenService())}`;
  events.push({ name: String(name).replace('impersonate:', ''), message, seenAs });
};

/** Subscribes to all channels while `work` runs, and returns the events. */
function eventsOf(work: () => unknown): Event[] {
  events = [];
  for (const name of names) subscribe(name, note);
  try {
    work();
  } finally {
    for (const name of names) unsubscribe(name, note);
  }
  return events;
}

const summary = (list: readonly Event[]): string[] =>
  list.map(({ name, message }) => {
    const { kind, depth, user } = message as ScopeMessage;
    return `${name} ${kind} ${String(depth)} ${user.id === world.alice.id ? 'alice' : 'bob'}`;
  });

/** Expects that all subscribers ran as the service. */
function expectPublishedAsService(list: readonly Event[]): void {
  const { serviceId } = world;
  expect(list).not.toEqual([]);
  expect(new Set(list.map(({ seenAs }) => seenAs))).toEqual(new Set([`${serviceId} ${serviceId} true`]));
  for (const { message } of list) expect(message).toMatchObject({ process: { kind: 'user', id: serviceId } });
}

describeSwitching('impersonate:enter and impersonate:revert', () => {
  freshTokens();

  test('are published for every scope, inner ones first at the end, to subscribers that run as the process', () => {
    const published = eventsOf(() => {
      alice.runSync(() => {
        expectActingAs(world.alice);
        using _scope = bob.impersonate();
        expectActingAs(world.bob);
        alice.runSync(() => {
          expectActingAs(world.alice);
        });
        expectActingAs(world.bob);
      });
    });
    expect(summary(published)).toEqual([
      'enter runSync 1 alice',
      'enter scope 2 bob',
      'enter runSync 3 alice',
      'revert runSync 3 alice',
      'revert scope 2 bob',
      'revert runSync 1 alice',
    ]);
    expectPublishedAsService(published);
    expect(published[0]?.message).toBe(published[5]?.message);
  });

  test('contain only the identities, the operation and the depth', () => {
    const [entered] = eventsOf(() => {
      alice.runSync(() => 0);
    });
    expect(entered?.message).toEqual({
      kind: 'runSync',
      depth: 1,
      process: expect.objectContaining({ kind: 'user', id: world.serviceId }) as unknown,
      user: alice.user,
    });
  });

  test('inside a flow, subscribers run as the process too', async () => {
    const published = await alice.run(async () => {
      await Promise.resolve();
      return eventsOf(() => {
        bob.runSync(() => 0);
      });
    });
    expect(summary(published)).toEqual(['enter runSync 1 bob', 'revert runSync 1 bob']);
    expectPublishedAsService(published);
  });

  test('are published in order when scopes end out of order', () => {
    const published = eventsOf(() => {
      const outer = alice.impersonate();
      const inner = bob.impersonate();
      expect(caught(() => outer.revert()).code).toBe('ERR_SCOPE_ORDER');
      inner.revert();
      outer.revert();
    });
    expect(summary(published).slice(2)).toEqual(['revert scope 2 bob', 'revert scope 1 alice']);
    expectPublishedAsService(published);
  });

  test('are published if the callback throws, and if the token is closed in between', async () => {
    const token = await world.alice.token();
    const published = eventsOf(() => {
      const failure = new Error('mine');
      const fails = (): never => {
        token.close();
        throw failure;
      };
      expect(caught(() => token.runSync(fails))).toBe(failure);
    });
    expect(summary(published)).toEqual(['enter runSync 1 alice', 'revert runSync 1 alice']);
  });

  test('a revert is published only if its enter was published', () => {
    const scope = alice.impersonate();
    expect(
      eventsOf(() => {
        scope.revert();
      }),
    ).toEqual([]);
  });

  test('do not change arguments, receiver and result of the callback', () => {
    let got: unknown[] = [];
    eventsOf(() => {
      got = alice.runSync(
        function (this: unknown, ...args: number[]) {
          return [this, ...args];
        },
        1,
        2,
      );
    });
    expect(got).toEqual([undefined, 1, 2]);
    eventsOf(() => {
      const late = (() => Promise.resolve()) as () => unknown;
      expect(caught(() => alice.runSync(late)).code).toBe('ERR_ASYNC_RESULT');
    });
  });

  (process.platform === 'win32' ? test.skip : test)(
    'name the identity that the process has changed to',
    async () => {
      const lines = await linesOf(`
      const alice = await world.alice.token();
      require('node:diagnostics_channel').subscribe('impersonate:enter', ({ process: { id } }) => print(id));
      alice.runSync(() => 0);
      process.seteuid(Number(world.bob.id));
      alice.runSync(() => 0);`);
      expect(lines).toEqual([world.serviceId, world.bob.id]);
    },
  );

  test('an error of a subscriber is thrown later, and the scope goes on', async () => {
    const lines = await linesOf(`
      const alice = await world.alice.token();
      process.on('uncaughtException', ({ message }) => print(message + ' ' + (world.whoAmI() === world.serviceId)));
      const dc = require('node:diagnostics_channel');
      for (const name of ['enter', 'revert']) {
        dc.subscribe('impersonate:' + name, () => { throw new Error('from ' + name); });
      }
      { const scope = alice.impersonate(); print(world.whoAmI() === world.alice.id); scope.revert(); }
      print(alice.runSync(() => world.whoAmI() === world.alice.id));`);
    expect(lines.slice(0, 2)).toEqual(['true', 'true']);
    expect(lines.slice(2)).toEqual([
      'from enter true',
      'from revert true',
      'from enter true',
      'from revert true',
    ]);
  });

  test('an asynchronous subscriber is not mistaken for an await in the scope', async () => {
    const lines = await linesOf(`
      const alice = await world.alice.token();
      const bob = await world.bob.token();
      const dc = require('node:diagnostics_channel');
      const later = async () => { await null; print('later ' + (world.whoAmI() === world.serviceId)); };
      dc.subscribe('impersonate:enter', later);
      const outer = alice.impersonate();
      const inner = bob.impersonate();
      inner.revert();
      print('still ' + (world.whoAmI() === world.alice.id));
      outer.revert();`);
    expect(lines).toEqual(['still true', 'later true', 'later true']);
  });
});

describeSwitching('impersonate:denied', () => {
  freshTokens();

  test.each(['runSync', 'impersonate', 'run'] as const)(
    'is published for a token that %s() rejects',
    (operation) => {
      using lesser = alice.duplicate({ level: 'identification' });
      const fn = jest.fn();
      const published = eventsOf(() => {
        expect(caught(() => lesser[operation](fn)).code).toBe('ERR_TOKEN_LEVEL');
      });
      expect(fn).not.toHaveBeenCalled();
      expect(published.map(({ name }) => name)).toEqual(['denied']);
      const { user, code, operation: name } = published[0]?.message as DeniedMessage;
      expect({ id: user.id, code, name }).toEqual({
        id: world.alice.id,
        code: 'ERR_TOKEN_LEVEL',
        name: operation,
      });
      expectPublishedAsService(published);
    },
  );

  test('is not published for wrong arguments', async () => {
    const closed = await world.alice.token();
    closed.close();
    const published = eventsOf(() => {
      expect(caught(() => closed.runSync(() => 0)).code).toBe('ERR_TOKEN_CLOSED');
      expect(caught(() => alice.runSync(0 as never)).code).toBe('ERR_INVALID_ARG_TYPE');
    });
    expect(published).toEqual([]);
  });

  const support = (name: string): string => JSON.stringify(require.resolve(`../support/${name}`));
  const [syscall, code, refuse] =
    process.platform === 'win32'
      ? [
          'SetThreadToken',
          'ERROR_ACCESS_DENIED',
          `require(${support('win32/seam')}).seam().failImport('impersonate.node', 'SetThreadToken', { error: 5, times: 1 })`,
        ]
      : ['setgroups', 'EPERM', `require(${support('linux/probe')}).probe().failSyscall('setgroups', 1)`];

  test('names the system call that failed', async () => {
    const [line = ''] = await linesOf(`
      const alice = await world.alice.token();
      require('node:diagnostics_channel').subscribe('impersonate:denied', (message) => print(JSON.stringify(message)));
      ${refuse};
      try { alice.runSync(() => print('called')); } catch {}`);
    expect(JSON.parse(line)).toMatchObject({
      operation: 'runSync',
      code,
      syscall,
      process: { id: world.serviceId },
      user: { id: world.alice.id },
    });
  });
});

describeSwitching('impersonate:leak', () => {
  test('runs no subscriber before a leaked scope ends the process', async () => {
    for (const leak of ['alice.impersonate();', '(async () => { alice.impersonate(); await null; })();']) {
      const { code, stdout, stderr } = await runSource(`
        require('node:diagnostics_channel').subscribe('impersonate:leak', () => { print('subscriber'); });
        const alice = await world.alice.token();
        ${leak}`);
      expect({ code, stdout }).toEqual({ code: 70, stdout: '' });
      expect(stderr).toContain('ERR_SCOPE_LEAKED');
    }
  });
});

describeSwitching('tracing:impersonate:fs', () => {
  freshTokens();
  const folder = tempFolder('diagnostics');
  const file = join(folder, 'file.txt');
  const missing = join(folder, 'missing.txt');
  writeFileSync(file, 'the content');
  chmodSync(file, 0o644);

  const parts = ['start', 'end', 'asyncStart', 'asyncEnd', 'error'];
  const namesOfEvents = (): string[] => events.map(({ name }) => name.replace('tracing:fs:', ''));
  beforeEach(() => {
    events = [];
    for (const part of parts) subscribe(`tracing:impersonate:fs:${part}`, note);
  });
  afterEach(() => {
    for (const part of parts) unsubscribe(`tracing:impersonate:fs:${part}`, note);
  });

  test('publishes an operation and both identities, without its result', async () => {
    expect(await alice.run(() => readFile(file, 'utf8'))).toBe('the content');
    expect(namesOfEvents()).toEqual(['start', 'end', 'asyncStart', 'asyncEnd']);
    expect(new Set(events.map(({ message }) => message)).size).toBe(1);
    expect(events[0]?.message).toEqual({
      operation: 'open',
      path: file,
      process: expect.objectContaining({ id: world.serviceId }) as unknown,
      user: alice.user,
    });
    expectPublishedAsService(events);
  });

  test('publishes an operation that fails, which fails as usual', async () => {
    const error = await rejected(alice.run(() => readFile(missing)));
    expect(error).toMatchObject({ code: 'ENOENT', syscall: 'open', path: missing });
    expect(namesOfEvents()).toEqual(['start', 'end', 'error', 'asyncStart', 'asyncEnd']);
    expect((events[2]?.message as { error: unknown }).error).toBe(error);
    expectPublishedAsService(events);
  });

  test('publishes an operation of a scope to subscribers that run as the process', async () => {
    let reading;
    {
      using _scope = alice.impersonate();
      reading = readFile(file, 'utf8');
    }
    expect(await reading).toBe('the content');
    expect(namesOfEvents()).toEqual(['start', 'end', 'asyncStart', 'asyncEnd']);
    expectPublishedAsService(events);
  });

  test('and impersonate:denied publish denied operations, synchronous ones included', async () => {
    const secret = join(folder, 'secret.txt');
    writeFileSync(secret, 'of bob');
    const lines = await linesOf(
      `const dc = require('node:diagnostics_channel');
      const secret = ${JSON.stringify(secret)};
      const alice = await world.alice.token();
      const bob = await world.bob.token();
      world.own(secret, world.bob);
      dc.subscribe('impersonate:denied', (message) => print(JSON.stringify(message)));
      const published = [];
      for (const part of ['start', 'end', 'error']) {
        dc.subscribe('tracing:impersonate:fs:' + part, (context) => {
          published.push(part, context);
          if (world.whoAmI() !== world.serviceId) print('published as the user');
        });
      }
      await alice.run(async () => {
        await fs.promises.readFile(secret).catch(() => {});
        try { fs.readFileSync(secret); } catch {}
      });
      published.length = 0;
      bob.run(() => { print(fs.readFileSync(secret, 'utf8')); });
      print(JSON.stringify(published));`,
      { execArgv: ['-r', join(root, 'dist', 'register.js')] },
    );
    const [denied, deniedSync, content, published] = lines.map((line) =>
      line === 'of bob' ? line : (JSON.parse(line) as unknown),
    );
    const both = { process: { id: world.serviceId }, user: { id: world.alice.id } };
    const refusal = {
      code: expect.stringMatching(/^(EACCES|EPERM)$/) as unknown,
      syscall: 'open',
      path: secret,
    };
    expect(denied).toMatchObject({ operation: 'open', ...refusal, ...both });
    expect(deniedSync).toMatchObject({ operation: 'readFileSync', ...refusal, ...both });
    expect(content).toBe('of bob');
    const context = {
      operation: 'readFileSync',
      path: secret,
      process: { id: world.serviceId },
      user: { id: world.bob.id },
    };
    expect(published).toMatchObject(['start', context, 'end', context]);
    expect(JSON.stringify(published)).not.toContain('of bob');
  });
});

describeSwitching('without subscribers', () => {
  // The native calls that make a message: they look up identities, and suspend the scopes of the thread.
  const counting = `
    const core = require.resolve(${JSON.stringify(join(root, 'dist', 'core.js'))});
    const { native } = require(core);
    const counted = Object.create(native);
    let calls = 0;
    for (const name of ['describeToken', 'describeProcess', 'runAtBaseline']) {
      Object.defineProperty(counted, name, { value: (...args) => { calls++; return native[name](...args); } });
    }
    delete require.cache[core];
    Object.values(require.cache).find((module) => module.exports === native).exports = counted;`;

  test('no identity is looked up', async () => {
    const lines = await linesOf(
      `'use strict';
      ${counting}
      const { Token } = require(${JSON.stringify(product)});
      const { world } = require(${JSON.stringify(require.resolve('../support/world/world'))});
      const count = (work) => { calls = 0; work(); console.log(calls); };
      (async () => {
        const alice = await world.alice.token();
        alice.run(() => 0); // which looks at the token's level
        const work = () => { alice.runSync(() => 0); alice.impersonate().revert(); alice.run(() => 0); };
        count(work);
        await alice.run(async () => { await null; count(() => alice.runSync(() => 0)); });
        require('node:diagnostics_channel').subscribe('impersonate:enter', () => {});
        count(work);
      })();`,
      {},
      'bare',
    );
    expect(lines.map(Number)).toEqual([0, 0, expect.any(Number)]);
    expect(Number(lines[2])).toBeGreaterThan(0);
  });
});
