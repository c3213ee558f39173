import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';
import { EventEmitter, EventEmitterAsyncResource } from 'node:events';
import { enablePrivileges, impersonate, runSync, Token, withoutToken } from 'impersonate';
import * as userFs from 'impersonate/fs';
import { run } from '../support/children/impersonated-worker';
import { registered } from '../support/children/sources';
import { caught } from '../support/errors';
import { product } from '../support/paths';
import {
  alice,
  bob,
  describeSwitching,
  expectActingAs,
  expectActingAsService,
  freshTokens,
} from '../support/world/acting';
import { world } from '../support/world/world';

const conflict = { name: 'ImpersonationError', code: 'ERR_IDENTITY_CONFLICT' };

/** Returns `work` as a handler bound in a flow of bob, by each of Node's ways. */
const bindings: [string, <R>(work: () => R) => () => R][] = [
  ['AsyncResource.bind', (work) => bob.run(() => AsyncResource.bind(work))],
  [
    'AsyncResource',
    (work) => {
      const resource = bob.run(() => new AsyncResource('test'));
      return () => resource.runInAsyncScope(work);
    },
  ],
  [
    'AsyncLocalStorage.snapshot',
    (work) => {
      const inFlow = bob.run(() => AsyncLocalStorage.snapshot());
      return () => inFlow(work);
    },
  ],
  ['AsyncLocalStorage.bind', (work) => bob.run(() => AsyncLocalStorage.bind(work))],
  [
    'EventEmitterAsyncResource',
    (work) => {
      const emitter = bob.run(() => new EventEmitterAsyncResource({ name: 'test' }));
      return () => {
        let result: unknown;
        emitter.once('event', () => (result = work()));
        emitter.emit('event');
        return result as never;
      };
    },
  ],
];
describeSwitching("a handler of another user's flow inside a scope", () => {
  freshTokens();

  /** Calls `fn` in each kind of scope of alice: in no flow, in another flow, and nested. */
  function inScopes(fn: () => void): void {
    alice.runSync(fn);
    const scope = alice.impersonate();
    try {
      fn();
    } finally {
      scope.revert();
    }
    alice.run(() => runSync(fn));
    bob.run(() => alice.runSync(fn));
    bob.runSync(() => alice.runSync(fn));
    alice.runSync(() => alice.runSync(fn));
  }

  test.each(bindings)('%s: every use of an identity throws ERR_IDENTITY_CONFLICT', async (_name, bind) => {
    const called: string[] = [];
    const pending: Promise<unknown>[] = [];
    const handler = bind(() => {
      expect(caught(() => Token.current())).toMatchObject(conflict);
      expect(caught(() => runSync(() => called.push('runSync')))).toMatchObject(conflict);
      expect(caught(() => impersonate())).toMatchObject(conflict);
      expect(caught(() => enablePrivileges(['SeChangeNotifyPrivilege']))).toMatchObject(conflict);
      expect(caught(() => userFs.createReadStream('.'))).toMatchObject(conflict);
      // Functions that return a promise reject instead of throwing.
      for (const promise of [userFs.readFile('.'), userFs.open('.')]) {
        pending.push(promise.catch((error: unknown) => error));
      }
    });
    inScopes(handler);
    expectActingAsService();
    const errors = await Promise.all(pending);
    expect(errors).toHaveLength(12);
    for (const error of errors) expect(error).toMatchObject(conflict);
    expect(called).toEqual([]);
  });

  test('the message names a remedy that works', () => {
    const handler = bob.run(() => AsyncResource.bind(() => Token.current()));
    alice.runSync(() => {
      expect(caught(handler).message).toContain('withoutToken()');
      expect(withoutToken(handler)).toBe(bob);
      expectActingAs(world.alice);
    });
    expect(handler()).toBe(bob);
  });

  test('a token that it names itself is no conflict, nor is the code after it', () => {
    const handler = bob.run(() =>
      AsyncResource.bind(() => {
        for (const [token, who] of [
          [bob, world.bob],
          [alice, world.alice],
        ] as const) {
          token.runSync(() => {
            expectActingAs(who);
            expect(Token.current()).toBe(token);
          });
        }
        {
          using scope = alice.impersonate();
          expect(Token.current()).toBe(scope.token);
        }
        expect(caught(() => Token.current())).toMatchObject(conflict);
      }),
    );
    inScopes(handler);
  });

  test('the conflict ends with the scope: the rest of an async handler is in its flow', async () => {
    const handler = bob.run(() =>
      AsyncResource.bind(async () => {
        const first = caught(() => Token.current());
        await Promise.resolve();
        return [first.code, Token.current() === bob, runSync(() => world.whoAmI())];
      }),
    );
    let result: Promise<unknown> | undefined;
    alice.runSync(() => {
      result = handler();
    });
    expect(await result).toEqual([conflict.code, true, world.bob.id]);
  });

  test('a scope whose token has been closed conflicts too', () => {
    const handler = bob.run(() => AsyncResource.bind(() => Token.current()));
    const other = alice.duplicate();
    const same = alice.run(() => AsyncResource.bind(() => Token.current().user.id));
    other.runSync(() => {
      other.close();
      const { count } = Token;
      expect(caught(handler)).toMatchObject(conflict);
      expect(Token.count).toBe(count);
      expect(same()).toBe(world.alice.id);
    });
  });

  test('a flow with fewer or more rights than the scope is another user', () => {
    const less =
      process.platform === 'win32'
        ? bob.restrict({ removePrivileges: ['SeChangeNotifyPrivilege'] })
        : bob.restrict({ dropGroups: true });
    if (!less.equals(bob)) {
      const handler = bob.run(() => AsyncResource.bind(() => Token.current()));
      expect(caught(() => less.runSync(handler))).toMatchObject(conflict);
    }
    less.close();
  });
});

describeSwitching('no conflict', () => {
  freshTokens();

  test('for a scope opened in the same flow, also by a handler that was bound in it', () => {
    bob.run(() => {
      const handler = AsyncResource.bind(() => Token.current().user.id);
      const snapshot = AsyncLocalStorage.snapshot();
      alice.runSync(() => {
        expect(Token.current()).toBe(alice);
        expect([handler(), snapshot(handler)]).toEqual([world.alice.id, world.alice.id]);
        // The token of the flow, used explicitly.
        expect(runSync(() => world.whoAmI())).toBe(world.bob.id);
        bob.runSync(() => {
          expect(handler()).toBe(world.bob.id);
        });
      });
    });
  });

  test('compares each scope with its own flow, not with an earlier one', () => {
    for (const inScope of [
      (fn: () => void) => alice.runSync(fn),
      (fn: () => void) => {
        using scope = alice.impersonate();
        fn();
        expect(scope.active).toBe(true);
      },
    ]) {
      bob.run(() => {
        const handler = AsyncResource.bind(() => Token.current());
        inScope(() => {
          expect(handler()).toBe(alice);
        });
        withoutToken(inScope, () => {
          expect(caught(handler)).toMatchObject(conflict);
        });
        inScope(() => {
          expect(handler()).toBe(alice);
        });
      });
    }
  });

  test('for a handler of the same user with another token', () => {
    const again = alice.duplicate();
    const handlers = [alice, again].map((token) =>
      token.run(() => AsyncResource.bind(() => Token.current())),
    );
    for (const handler of handlers) {
      alice.runSync(() => expect(handler()).toBe(alice));
      again.runSync(() => expect(handler()).toBe(again));
    }
    again.close();
  });

  test('for a handler of no flow, and of a flow inside withoutToken()', () => {
    const emitter = new EventEmitter();
    let seen: unknown[] = [];
    emitter.on('event', () => seen.push(Token.current().user.id));
    const bound = AsyncResource.bind(() => emitter.emit('event'));
    const back = bob.run(() => withoutToken(() => AsyncResource.bind(() => emitter.emit('event'))));
    for (const call of [bound, back]) {
      alice.runSync(call);
      bob.run(() => alice.runSync(call));
    }
    expect(seen).toEqual(Array(4).fill(world.alice.id));
    seen = [];
    back();
    expect(seen).toEqual([world.serviceId]);
  });

  test('for the user of an ImpersonatedWorker beneath every flow', async () => {
    const posts = await run(
      `const { AsyncResource } = require('node:async_hooks');
      const bob = Token.claim(workerData), alice = Token.current();
      const own = AsyncResource.bind(() => Token.current().user.id === world.bob.id);
      const other = bob.run(() => AsyncResource.bind(() => Token.current().user.id === world.bob.id));
      post([bob.runSync(own), bob.run(() => bob.runSync(own)), bob.runSync(other), other()]);
      try { alice.runSync(other); } catch (error) { post(error.code); }`,
      { token: alice, workerData: bob.share() },
    );
    expect(posts).toEqual([[true, true, true, true], conflict.code]);
  });
});

describeSwitching('impersonate/register', () => {
  const source = `
    const { AsyncResource } = require('node:async_hooks');
    const { runSync, withoutToken } = require(${JSON.stringify(product)});
    const mine = within(alice, 'file'), his = within(bob, 'file');
    const text = (file) => fs.readFileSync(file, 'utf8');
    const bound = (work) => tokens.bob.run(() => AsyncResource.bind(work));`;

  test('throws for each form of a call in a conflict, and performs none', async () => {
    const lines = await registered(
      'conflicts',
      `${source}
      const forms = {
        existsSync: () => fs.existsSync(mine),
        readFileSync: () => text(mine),
        'readFileSync of his': () => text(his),
        openSync: () => fs.openSync(mine),
        opendirSync: () => fs.opendirSync(within(alice)),
        realpathSync: () => fs.realpathSync(mine),
        'realpathSync.native': () => fs.realpathSync.native(mine),
        writeFileSync: () => fs.writeFileSync(within(alice, 'made'), ''),
        readFile: () => new Promise((resolve, reject) => { fs.readFile(mine, (error, data) => (error ? reject(error) : resolve(data))); }),
        exists: () => new Promise((resolve) => { fs.exists(mine, resolve); }),
        promises: () => { try { return fs.promises.readFile(mine, 'utf8'); } catch { return 'thrown'; } },
        createReadStream: () => fs.createReadStream(mine),
        createWriteStream: () => fs.createWriteStream(within(alice, 'made')),
        watch: () => fs.watch(within(alice)),
        ...(fs.globSync && { globSync: () => fs.globSync('*', { cwd: within(alice) }) }),
        watchFile: () => fs.watchFile(mine, () => {}),
        child_process: () => require('node:child_process').spawnSync(process.execPath, ['-e', '0']).status,
      };
      for (const [name, form] of Object.entries(forms)) {
        const handler = bound(() => { try { return Promise.resolve(form()); } catch (error) { return Promise.reject(error); } });
        for (const enter of [(fn) => tokens.alice.runSync(fn), (fn) => { const scope = tokens.alice.impersonate(); try { fn(); } finally { scope.revert(); } }]) {
          let result;
          enter(() => { result = handler(); });
          const seen = await outcome(() => result);
          if (seen !== 'ERR_IDENTITY_CONFLICT' && !(name === 'child_process' && seen === 'ERR_NOT_ROUTED')) print(name + ': ' + seen);
        }
      }
      print(String(withoutToken(() => fs.existsSync(within(alice, 'made')))));`,
    );
    expect(lines).toEqual(['false']);
  });

  test('performs the call without a conflict', async () => {
    const lines = await registered(
      'conflicts',
      `${source}
      const handler = bound(() => text(his));
      print(handler());
      tokens.alice.runSync(() => { print(text(mine)); print(withoutToken(handler)); print(text(mine)); });
      tokens.bob.run(() => { print(text(his)); tokens.alice.runSync(() => { print(text(mine)); }); });
      // Node's own function calls back in the scope that was opened for it.
      const seen = [];
      const filter = (call) => () => { seen.push(call()); return false; };
      tokens.bob.run(() => { fs.cpSync(his, his + '2', { filter: filter(() => Token.current() === tokens.bob) }); });
      const foreign = tokens.alice.run(() => AsyncResource.bind(() => { try { return text(mine); } catch (error) { return error.code; } }));
      tokens.bob.run(() => { fs.cpSync(his, his + '2', { filter: filter(foreign) }); });
      print(seen.join());`,
    );
    expect(lines).toEqual([
      ...['of bob', 'of alice', 'of bob', 'of alice', 'of bob', 'of alice'],
      'true,ERR_IDENTITY_CONFLICT',
    ]);
  });

  test('loads modules and prepares stacks as the process even in a conflict', async () => {
    const lines = await registered(
      'conflicts',
      `${source}
      const module = path.join(folder, 'module.js');
      fs.writeFileSync(module, "exports.user = require(" + JSON.stringify(${JSON.stringify(product)}) + ").Token.current().user.id;");
      world.own(module, 'service');
      tokens.alice.runSync(bound(() => { print(String(require(module).user === world.serviceId)); print(typeof new Error('x').stack); }));`,
    );
    expect(lines).toEqual(['true', 'string']);
  });
});
