import ts from 'typescript';
import { Token } from 'impersonate';
import {
  DeclarationError,
  type ImpersonationOption,
  type OperationOptions,
  type ServiceOptions,
  declare,
  operation,
  service,
  validate,
} from 'impersonate/declarative';
import { caught, rejected } from '../support/errors';
import { me, meTwice } from '../support/world/identity';
import { alice, bob, describeSwitching, freshTokens } from '../support/world/acting';
import { world } from '../support/world/world';

type Outcome = () => Promise<string>;

/** Returns a service with these operations, which return their identity, or the code of their refusal. */
function serviceWith(
  operations: Record<string, ImpersonationOption | OperationOptions>,
  options: ServiceOptions = {},
): (name: string) => Outcome {
  const methods: Record<string, Outcome> = {};
  for (const name of Object.keys(operations)) methods[name] = () => meTwice();
  declare(methods, { ...options, operations });
  return (name) => async () => {
    try {
      return (await methods[name]?.()) ?? 'none';
    } catch (error) {
      return (error as { code: string }).code;
    }
  };
}

/** The mistakes that are found, by their operations. */
function problemsOf(call: () => unknown): Record<string, string> {
  const error = caught(call);
  expect(error).toBeInstanceOf(DeclarationError);
  expect(error.code).toBe('ERR_INVALID_DECLARATION');
  const { errors } = error as unknown as DeclarationError;
  for (const each of errors) expect(error.message).toContain(`${each.operation}: ${each.message}`);
  return Object.fromEntries(errors.map((each) => [each.operation, each.message]));
}

function permutations<T>(values: readonly T[]): T[][] {
  if (values.length < 2) return [[...values]];
  return values.flatMap((first, index) =>
    permutations(values.filter((_, other) => other !== index)).map((rest) => [first, ...rest]),
  );
}

describeSwitching('the table of WCF', () => {
  freshTokens();

  // The impersonation, whether the service impersonates for all operations, whether there is a caller; the outcome.
  test.each([
    ['required', false, true, 'alice'],
    ['required', false, false, 'ERR_CALLER_REQUIRED'],
    ['required', true, true, 'alice'],
    ['required', true, false, 'ERR_CALLER_REQUIRED'],
    ['allowed', false, true, 'service'],
    ['allowed', false, false, 'service'],
    ['allowed', true, true, 'alice'],
    // Here WCF acts as the service, which has to be written: orAsService.
    ['allowed', true, false, 'ERR_CALLER_REQUIRED'],
    ['notAllowed', false, true, 'service'],
    ['notAllowed', false, false, 'service'],
    ['notAllowed', true, true, 'ERR_INVALID_DECLARATION'],
    ['notAllowed', true, false, 'ERR_INVALID_DECLARATION'],
  ] as const)(
    '%s; for all operations: %s; a caller: %s; is %s',
    async (impersonation, all, isCalled, expected) => {
      const perform = async (): Promise<string> => {
        const call = serviceWith(
          { run: { impersonation } },
          { impersonateCallerForAllOperations: all },
        )('run');
        return isCalled ? alice.run(call) : call();
      };
      expect(await perform().catch((error: unknown) => (error as { code: string }).code)).toBe(expected);
      expect(me()).toBe('service');
    },
  );

  test('with orAsService an allowed operation acts as the service if there is no caller', async () => {
    const call = serviceWith(
      { run: { impersonation: 'allowed', orAsService: true } },
      { impersonateCallerForAllOperations: true },
    )('run');
    expect([await call(), await alice.run(call)]).toEqual(['service', 'alice']);
  });

  test('an operation is notAllowed by default', async () => {
    const call = serviceWith({ run: {} })('run');
    expect([await call(), await alice.run(call)]).toEqual(['service', 'service']);
  });

  const kinds: Record<string, OperationOptions> = {
    required: { impersonation: 'required' },
    allowed: { impersonation: 'allowed' },
    orAsService: { impersonation: 'allowed', orAsService: true },
    notAllowed: { impersonation: 'notAllowed' },
  };
  const someService = {
    required: 'alice',
    allowed: 'service',
    orAsService: 'service',
    notAllowed: 'service',
  };
  const wholeService = { required: 'alice', allowed: 'alice', orAsService: 'alice' };
  const uncalled = {
    ...{ required: 'ERR_CALLER_REQUIRED', allowed: 'ERR_CALLER_REQUIRED', orAsService: 'service' },
  };

  test('is the same in every order of declarations and calls', async () => {
    for (const order of permutations(Object.keys(kinds))) {
      const made = serviceWith(Object.fromEntries(order.map((name) => [name, kinds[name] ?? {}])));
      const seen = await Promise.all(order.map(async (name) => [name, await alice.run(made(name))]));
      expect(Object.fromEntries(seen)).toEqual(someService);
    }
  });

  test('is the same in every order if the service impersonates for all operations', async () => {
    const all = { impersonateCallerForAllOperations: true };
    for (const order of permutations(Object.keys(wholeService))) {
      const made = serviceWith(Object.fromEntries(order.map((name) => [name, kinds[name] ?? {}])), all);
      const seen = await Promise.all(order.map(async (name) => [name, await alice.run(made(name))]));
      expect(Object.fromEntries(seen)).toEqual(wholeService);
      const without = await Promise.all(order.map(async (name) => [name, await made(name)()]));
      expect(Object.fromEntries(without)).toEqual(uncalled);
    }
  });

  test('has a notAllowed operation of such a service as an error in every order', () => {
    for (const order of permutations(Object.keys(kinds))) {
      const operations = Object.fromEntries(order.map((name) => [name, kinds[name] ?? {}]));
      const found = problemsOf(() => serviceWith(operations, { impersonateCallerForAllOperations: true }));
      expect(Object.keys(found)).toEqual(['service.notAllowed']);
    }
  });
});

describeSwitching('a declared operation', () => {
  freshTokens();

  test('runs no code without a caller, and does not read its arguments', () => {
    const body = jest.fn();
    const getter = jest.fn();
    const files = declare(
      {
        read({ name }: { name: string }, other: unknown = body()): unknown {
          return [name, other, body()];
        },
      },
      { operations: { read: 'required' } },
    );
    const given = Object.defineProperty({ name: '' }, 'name', { get: getter });
    const error = caught(() => files.read(given));
    expect(error).toMatchObject({ code: 'ERR_CALLER_REQUIRED', status: 401, statusCode: 401 });
    expect(error.message).toContain('service.read');
    expect([body.mock.calls, getter.mock.calls]).toEqual([[], []]);
  });

  test('acts as the service for orAsService only if it is allowed, also if nothing has checked it', () => {
    const body = jest.fn();
    const handler = operation({ impersonation: 'required', orAsService: true }, body);
    expect(caught(() => handler()).code).toBe('ERR_CALLER_REQUIRED');
    expect(body).not.toHaveBeenCalled();
  });

  test('takes no option from Object.prototype', () => {
    const files = declare(
      { read: () => me(), list: () => me() },
      { impersonateCallerForAllOperations: true, operations: { read: 'allowed', list: 'required' } },
    );
    const handler = operation('notAllowed', () => me());
    const added = { orAsService: true, caller: () => bob, impersonateCallerForAllOperations: true };
    Object.assign(Object.prototype, added);
    try {
      expect([caught(() => files.read()).code, caught(() => files.list()).code]).toEqual([
        ...['ERR_CALLER_REQUIRED', 'ERR_CALLER_REQUIRED'],
      ]);
      expect([alice.run(() => files.read()), handler()]).toEqual(['alice', 'service']);
    } finally {
      for (const name of Object.keys(added)) Reflect.deleteProperty(Object.prototype, name);
    }
  });

  test('may be a method whose name is a symbol', () => {
    const run = Symbol('run');
    const files = declare({ [run]: () => me() }, { operations: { [run]: 'required' } });
    expect(caught(() => files[run]()).code).toBe('ERR_CALLER_REQUIRED');
    expect(alice.run(() => files[run]())).toBe('alice');
  });

  test('has the options that the given ones inherit', () => {
    const shared = { impersonateCallerForAllOperations: true };
    const options = Object.assign(Object.create(shared) as object, {
      operations: { read: 'allowed' } as const,
    });
    const files = declare({ read: () => me() }, options);
    expect(caught(() => files.read()).code).toBe('ERR_CALLER_REQUIRED');
  });

  test('is not checked by options with which its service does not run', () => {
    const bare = {};
    const options = { impersonateCallerForAllOperations: true };
    expect(caught(() => validate(bare, options))).toMatchObject({
      code: 'ERR_INVALID_ARG_VALUE',
      message: expect.stringContaining('options.impersonateCallerForAllOperations') as string,
    });
  });

  test('rejects without a caller if it is an async function', async () => {
    const files = declare({ read: async () => meTwice() }, { operations: { read: 'required' } });
    const promise = files.read();
    expect((await rejected(promise)).code).toBe('ERR_CALLER_REQUIRED');
  });

  test('passes on the receiver, the arguments, the result and what is thrown', () => {
    const failure = new Error('mine');
    const files = {
      prefix: 'a',
      join(...names: string[]): string {
        return [this.prefix, ...names, me()].join();
      },
      fail(): never {
        throw failure;
      },
    };
    declare(files, { operations: { join: 'required', fail: 'required' } });
    expect(alice.run(() => files.join('b', 'c'))).toBe('a,b,c,alice');
    expect(caught(() => alice.run(() => files.fail()))).toBe(failure);
    expect([files.join.name, files.fail.length]).toEqual(['join', 0]);
    expect(me()).toBe('service');
  });

  test('acts as each of two interleaved callers', async () => {
    const call = serviceWith({ run: 'required', own: 'notAllowed' });
    const seen = await Promise.all(
      Array.from({ length: 40 }, (_, index) => {
        const [token, key] = index % 2 === 0 ? [alice, 'alice'] : [bob, 'bob'];
        return token.run(async () => {
          const outcomes = [await call('run')(), await call('own')(), await call('run')(), me()];
          return outcomes.map((each) => each.replace(key, 'caller')).join();
        });
      }),
    );
    expect(new Set(seen)).toEqual(new Set(['caller,service,caller,caller']));
  });

  test('has the identity of its own declaration when another one calls it', async () => {
    const files = declare(
      {
        async outer(): Promise<string[]> {
          return [me(), await this.inner(), me()];
        },
        inner: () => meTwice(),
      },
      { operations: { outer: 'required', inner: 'notAllowed' } },
    );
    expect(await alice.run(() => files.outer())).toEqual(['alice', 'service', 'alice']);
  });

  test('acts as no caller inside a synchronous scope, and as the service only if it is notAllowed', () => {
    const files = declare(
      { read: () => me(), own: () => me() },
      { operations: { read: { impersonation: 'allowed', orAsService: true }, own: 'allowed' } },
    );
    const all = declare(
      { read: () => me() },
      {
        impersonateCallerForAllOperations: true,
        operations: { read: { impersonation: 'allowed', orAsService: true } },
      },
    );
    alice.runSync(() => {
      expect(caught(() => all.read()).code).toBe('ERR_SCOPE_ACTIVE');
      expect(files.own()).toBe('service');
      expect(world.whoAmI()).toBe(world.alice.id);
    });
  });

  test('does not act as a caller whose level is too low', async () => {
    using shown = alice.duplicate({ level: 'identification' });
    const body = jest.fn();
    const all = { impersonateCallerForAllOperations: true, caller: () => shown };
    const files = declare(
      { read: body, list: body },
      { ...all, operations: { read: 'required', list: { impersonation: 'allowed', orAsService: true } } },
    );
    for (const name of ['read', 'list'] as const)
      expect(caught(() => files[name]())).toMatchObject({ code: 'ERR_TOKEN_LEVEL', status: 403 });
    using enough = alice.duplicate({ level: 'impersonation' });
    const remote = declare(
      { read: body },
      { operations: { read: { impersonation: 'required', level: 'delegation' } }, caller: () => enough },
    );
    const error = caught(() => remote.read());
    expect([error.code, error.message.includes('delegation')]).toEqual(['ERR_TOKEN_LEVEL', true]);
    expect(body).not.toHaveBeenCalled();
    await Promise.resolve();
  });
});

describeSwitching('the caller', () => {
  freshTokens();

  test('is who the function says, which runs as the process and gets the arguments', async () => {
    const seen: unknown[] = [];
    const files = declare(
      { read: (_who: string) => meTwice() },
      {
        operations: { read: 'required' },
        caller(this: unknown, who: string) {
          seen.push(me(), this === files);
          return { alice, bob }[who];
        },
      },
    );
    expect(await files.read('bob')).toBe('bob');
    expect(await bob.run(() => files.read('alice'))).toBe('alice');
    // The user of the flow is not the caller if the function returns none.
    expect(caught(() => bob.run(() => files.read('nobody'))).code).toBe('ERR_CALLER_REQUIRED');
    expect(seen).toEqual(['service', true, 'service', true, 'service', true]);
    expect([alice.closed, bob.closed]).toEqual([false, false]);
  });

  test('may be a promise, or a name whose token is closed when the result has settled', async () => {
    const made = { alice: await world.alice.token(), bob: await world.bob.token() };
    const forUser = jest
      .spyOn(Token, 'forUser')
      .mockImplementation((name) => Promise.resolve(made[name as 'alice' | 'bob']));
    try {
      const files = declare(
        { read: (_who: unknown) => meTwice() },
        { operations: { read: 'required' }, caller: (who: unknown) => who as string },
      );
      const callers = ['alice', Promise.resolve('bob'), alice, Promise.resolve(bob)];
      const seen = await Promise.all(callers.map((who) => files.read(who)));
      expect(seen).toEqual(['alice', 'bob', 'alice', 'bob']);
      expect([made.alice.closed, made.bob.closed]).toEqual([true, true]);
      expect([alice.closed, bob.closed]).toEqual([false, false]);
    } finally {
      forUser.mockRestore();
    }
  });

  test('is no object but a token, and no closed one', async () => {
    const body = jest.fn();
    const files = declare(
      { read: (who: unknown) => body(who) as unknown },
      { operations: { read: 'required' }, caller: (who: unknown) => who as Token },
    );
    expect(caught(() => files.read({})).code).toBe('ERR_INVALID_ARG_TYPE');
    using closed = alice.duplicate();
    closed.close();
    expect(caught(() => files.read(closed)).code).toBe('ERR_TOKEN_CLOSED');
    const failure = new Error('mine');
    expect(await rejected(files.read(Promise.reject(failure)) as Promise<unknown>)).toBe(failure);
    expect(await rejected(files.read(Promise.resolve(null)) as Promise<unknown>)).toMatchObject({
      code: 'ERR_CALLER_REQUIRED',
    });
    expect(body).not.toHaveBeenCalled();
  });
});

describeSwitching('decorators', () => {
  freshTokens();

  @service({ impersonateCallerForAllOperations: true })
  class Standard {
    readonly #own = 'own';

    @operation({ impersonation: 'required' })
    read(name: string): string {
      return `${this.#own} ${name} ${me()}`;
    }

    @operation({ impersonation: 'allowed', orAsService: true })
    async list(): Promise<string> {
      return meTwice();
    }

    @operation('allowed')
    static whole(): string {
      return me();
    }
  }

  test('declare the methods of a class', async () => {
    const files = new Standard();
    expect(alice.run(() => files.read('x'))).toBe('own x alice');
    expect([await files.list(), await bob.run(() => files.list())]).toEqual(['service', 'bob']);
    expect(caught(() => files.read('x'))).toMatchObject({ code: 'ERR_CALLER_REQUIRED' });
    expect(caught(() => files.read('x')).message).toContain('Standard.read');
    validate(files);
  });

  test('hold for static methods and for functions that have lost their object', async () => {
    const { list } = new Standard();
    const { whole } = Standard;
    expect(await alice.run(() => list.call(undefined as never))).toBe('alice');
    expect([alice.run(() => Standard.whole()), alice.run(() => whole())]).toEqual(['alice', 'alice']);
    expect(caught(() => whole()).code).toBe('ERR_CALLER_REQUIRED');
  });

  test('of a class hold for what it inherits, static methods included', () => {
    @service()
    class Base {
      @operation('allowed')
      own(): string {
        return me();
      }
      @operation('allowed')
      static whole(): string {
        return me();
      }
    }
    @service({ impersonateCallerForAllOperations: true })
    class Derived extends Base {}
    const seen = (): string[] => [new Base().own(), Base.whole(), new Derived().own(), Derived.whole()];
    expect(alice.run(seen)).toEqual(['service', 'service', 'alice', 'alice']);
  });

  test('of the legacy kind are called with the target, the key and the descriptor', async () => {
    class Legacy {
      read(): string {
        return me();
      }
      list(): Promise<string> {
        return meTwice();
      }
    }
    for (const [key, options] of [
      ['read', 'required'] as const,
      ['list', { impersonation: 'allowed' }] as const,
    ]) {
      const descriptor = Object.getOwnPropertyDescriptor(Legacy.prototype, key) as PropertyDescriptor;
      const decorate = operation(options) as (...given: unknown[]) => unknown;
      const made = decorate(Legacy.prototype, key, descriptor);
      Object.defineProperty(Legacy.prototype, key, made as PropertyDescriptor);
    }
    service({ impersonateCallerForAllOperations: true })(Legacy);
    const files = new Legacy();
    expect([alice.run(() => files.read()), await bob.run(() => files.list())]).toEqual(['alice', 'bob']);
    expect(caught(() => files.list()).message).toContain('Legacy.list');
    expect(Object.keys(files)).toEqual([]);
  });

  const source = `
    @service({ impersonateCallerForAllOperations: true })
    class Compiled {
      @mark @operation({ impersonation: 'required' }) @mark
      read(name: string): string { return name + me(); }
      @operation('allowed')
      async *list(): AsyncGenerator<string> { yield me(); }
    }
    return Compiled;`;

  interface Compiled {
    read(name: string): string;
    list(): AsyncGenerator<string>;
  }
  type CompiledClass = (new () => Compiled) & { readonly prototype: Compiled };

  test.each([false, true])(
    'are those that TypeScript compiles, with experimentalDecorators: %s',
    async (legacy) => {
      const compilerOptions = { target: ts.ScriptTarget.ES2022, experimentalDecorators: legacy };
      const { outputText } = ts.transpileModule(`function make() {${source}}`, { compilerOptions });
      const marked: unknown[] = [];
      const mark = (...[target, , descriptor]: [unknown, unknown, PropertyDescriptor?]): void => {
        marked.push(descriptor ? descriptor.value : target);
      };
      // eslint-disable-next-line @typescript-eslint/no-implied-eval -- compiled above
      const make = new Function('service', 'operation', 'me', 'mark', `${outputText}\nreturn make();`);
      const Compiled = (make as (...given: unknown[]) => unknown)(
        service,
        operation,
        me,
        mark,
      ) as CompiledClass;
      const files = new Compiled();
      expect(alice.run(() => files.read('x '))).toBe('x alice');
      expect((await alice.run(() => files.list().next())).value).toBe('alice');
      expect(caught(() => files.list()).message).toContain('Compiled.list');
      // The second decorator sees what the first one has made.
      expect(marked[1]).toBe(Compiled.prototype.read);
      expect(marked[0]).not.toBe(marked[1]);
    },
  );

  test('keep the metadata of the decorators below them', () => {
    const known = new Map<unknown, Map<unknown, unknown>>();
    const of = (target: unknown): Map<unknown, unknown> => known.get(target) ?? new Map<unknown, unknown>();
    const metadata = {
      getOwnMetadataKeys: (target: unknown) => [...of(target).keys()],
      getOwnMetadata: (key: unknown, target: unknown) => of(target).get(key),
      defineMetadata: (key: unknown, value: unknown, target: unknown) =>
        known.set(target, of(target).set(key, value)),
    };
    const body = (): void => {};
    metadata.defineMetadata('path', '/files', body);
    Object.assign(Reflect, metadata);
    try {
      const wrapped = operation('required', body);
      expect([metadata.getOwnMetadata('path', wrapped), wrapped === body]).toEqual(['/files', false]);
    } finally {
      for (const name of Object.keys(metadata)) Reflect.deleteProperty(Reflect, name);
    }
  });

  test('check a class when it is defined, and a class that inherits from it when it is validated', () => {
    const define = (): unknown => {
      @service({ impersonateCallerForAllOperations: true, helpers: ['help', 'missing'] })
      class Wrong {
        @operation()
        own(): string {
          return me();
        }
        @operation({ impersonation: 'required', orAsService: true })
        both(): string {
          return me();
        }
        forgotten(): string {
          return me();
        }
        help(): string {
          return me();
        }
        get accessor(): never {
          throw new Error('read');
        }
        @operation('required')
        right(): string {
          return me();
        }
        @operation()
        static all(): string {
          return me();
        }
      }
      return Wrong;
    };
    expect(Object.keys(problemsOf(define)).sort()).toEqual([
      ...['Wrong.both', 'Wrong.forgotten', 'Wrong.missing', 'Wrong.own', 'Wrong.static all'],
    ]);

    class Shadow extends Standard {}
    Object.defineProperty(Shadow.prototype, 'read', { get: () => () => me() });
    expect(Object.keys(problemsOf(() => validate(Shadow)))).toEqual(['Shadow.read']);
    expect(Object.keys(problemsOf(() => declare(Shadow, { operations: { read: 'required' } })))).toContain(
      'Shadow.read',
    );

    class Derived extends Standard {
      more(): string {
        return this.read('x');
      }
      override async list(): Promise<string> {
        return super.list();
      }
    }
    expect(Object.keys(problemsOf(() => validate(Derived))).sort()).toEqual(['Derived.list', 'Derived.more']);
    expect(Object.keys(problemsOf(() => validate(new Derived()))).sort()).toEqual([
      'Derived.list',
      'Derived.more',
    ]);
    // What it inherits keeps its declarations.
    expect(alice.run(() => new Derived().read('x'))).toBe('own x alice');
  });

  test('are for public methods only', () => {
    const decorate = operation('required') as unknown as (...args: unknown[]) => unknown;
    const body = (): void => {};
    for (const context of [
      { kind: 'getter', name: 'x', private: false },
      { kind: 'field', name: 'x', private: false },
      { kind: 'method', name: '#x', private: true },
    ])
      expect(caught(() => decorate(body, context)).code).toBe('ERR_INVALID_ARG_VALUE');
    expect(caught(() => decorate({}, 'x', { get: body })).code).toBe('ERR_INVALID_ARG_VALUE');
    expect(caught(() => decorate({}, 'x')).code).toBe('ERR_INVALID_ARG_VALUE');
  });
});

describe('start-up', () => {
  const run = { run: (): void => {}, list: (): void => {} };
  const declareAll = (
    options: ServiceOptions,
    operations: Record<string, ImpersonationOption | OperationOptions>,
  ) => problemsOf(() => declare({ ...run }, { ...options, operations }));

  test('reports all mistakes at once, and changes nothing', () => {
    const target = { ...run, forgotten: (): void => {} };
    const before = { ...target };
    const found = problemsOf(() =>
      declare(target, {
        impersonateCallerForAllOperations: true,
        operations: {
          run: 'notAllowed',
          list: { orAsService: true, impersonation: 'required' },
          misspelt: 'required',
        },
      }),
    );
    expect(Object.keys(found).sort()).toEqual([
      ...['service.forgotten', 'service.list', 'service.misspelt', 'service.run'],
    ]);
    expect(target).toEqual(before);
  });

  test('knows that nothing authenticates callers', () => {
    const none = { authentication: 'none' } as const;
    expect(Object.keys(declareAll(none, { run: 'required', list: 'allowed' }))).toEqual(['service.run']);
    const all = { ...none, impersonateCallerForAllOperations: true };
    const orAsService = { impersonation: 'allowed', orAsService: true } as const;
    expect(Object.keys(declareAll(all, { run: 'required', list: orAsService }))).toEqual([
      'service.run',
      'service.list',
    ]);
  });

  test('knows that the level of the authentication is too low', () => {
    for (const authentication of ['anonymous', 'identification'] as const)
      expect(declareAll({ authentication }, { run: 'required', list: 'notAllowed' })).toEqual({
        'service.run': expect.stringContaining(authentication) as unknown,
      });
    const delegated = { impersonation: 'required', level: 'delegation' } as const;
    expect(
      Object.keys(declareAll({ authentication: 'impersonation' }, { run: 'required', list: delegated })),
    ).toEqual(['service.list']);
    expect(
      declare({ ...run }, { authentication: 'delegation', operations: { run: delegated, list: 'required' } }),
    ).toBeDefined();
  });

  test('accepts no second declaration, and no frozen service', () => {
    const target = declare({ ...run }, { operations: { run: 'required', list: 'required' } });
    expect(Object.keys(problemsOf(() => declare(target, { operations: { run: 'notAllowed' } })))).toEqual([
      'service.run',
    ]);
    const frozen = Object.freeze({ ...run });
    expect(
      Object.keys(problemsOf(() => declare(frozen, { operations: { run: 'required', list: 'required' } }))),
    ).toHaveLength(2);
  });

  test('reports the mistakes of several services together', () => {
    class One {
      run(): string {
        return me();
      }
    }
    const two = { list: (): void => {} };
    expect(Object.keys(problemsOf(() => validate([One, two])))).toEqual(['One.run', 'service.list']);
  });

  test.each([
    ['options', () => operation(1 as never)],
    ['options.impersonation', () => operation('always' as never)],
    ['options.level', () => operation({ level: 'identification' as never })],
    ['options.orAsService', () => operation({ impersonation: 'allowed', orAsService: 1 as never })],
    ['options.orAsSerivce', () => operation({ orAsSerivce: true } as never)],
    ['options.name', () => operation({ name: '' })],
    ['handler', () => operation('required', undefined as never)],
    [
      'options.impersonateCallerForAllOperations',
      () => service({ impersonateCallerForAllOperations: 'yes' as never }),
    ],
    ['options.authentication', () => service({ authentication: 'windows' as never })],
    ['options.caller', () => service({ caller: 'alice' as never })],
    ['options.helpers', () => service({ helpers: 'help' as never })],
    ['options.operations', () => declare({}, { operations: 'all' } as never)],
    ['options.operations.run', () => declare({ ...run }, { operations: { run: null as never } })],
    ['target', () => declare(1 as never, { operations: {} })],
    ['target', () => validate('x' as never)],
  ])('a wrong %s is a TypeError that names it', (name, call) => {
    const error = caught(call);
    expect(error.name).toBe('TypeError');
    expect(error.message).toContain(`"${name}"`);
  });
});
