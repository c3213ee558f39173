import { EventEmitter, once } from 'node:events';
import http from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Token, impersonate, runSync, withoutToken } from 'impersonate';
import { caught } from '../support/errors';
import { listen } from '../support/network/http-client';
import { describeSwitching } from '../support/world/acting';
import { world } from '../support/world/world';

/** The users whose files the running code may open, by the kernel; the code of the error outside every flow. */
function me(): string {
  try {
    return runSync(() =>
      [world.alice, world.bob].filter((who) => world.canOpen(who)).map(({ key }) => key),
    ).join();
  } catch (error) {
    return (error as { code: string }).code;
  }
}

let alice: Token;
let bob: Token;
beforeEach(async () => {
  alice = await world.alice.token();
  bob = await world.bob.token();
});
afterEach(() => {
  alice.close();
  bob.close();
});

describeSwitching('token.bind(fn)', () => {
  test('returns a function that runs in a flow of the token, with its receiver, arguments and result', async () => {
    const bound = alice.bind(async function named(this: object, first: number, second: number) {
      await sleep(1);
      return [this, first, second, me()];
    });
    expect([bound.name, bound.length]).toEqual(['named', 2]);
    const receiver = {};
    for (const call of [() => bound.call(receiver, 1, 2), () => bob.run(() => bound.call(receiver, 1, 2))]) {
      expect(await call()).toEqual([receiver, 1, 2, 'alice']);
    }
    expect(await withoutToken(() => bound.call(receiver, 1, 2))).toEqual([receiver, 1, 2, 'alice']);
    expect(me()).toBe('ERR_NO_TOKEN');
  });

  test('throws what the function throws, and ERR_ASYNC_RESULT for a generator', () => {
    const failure = new Error('mine');
    const bound = alice.bind(() => {
      throw failure;
    });
    expect(bound).toThrow(failure);
    const steps = alice.bind(function* () {
      yield me();
    });
    expect(caught(steps).code).toBe('ERR_ASYNC_RESULT');
  });

  test('is in conflict with the scope of another user', () => {
    const bound = alice.bind(() => impersonate());
    expect(caught(() => bob.runSync(bound)).code).toBe('ERR_IDENTITY_CONFLICT');
  });

  test('keeps the token alive as long as the function, whether or not it is closed', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const collectUntil = async (done: () => boolean): Promise<void> => {
      for (let round = 0; round < 200 && !done(); round++) {
        collect();
        await sleep(5);
      }
    };
    const held: { bound?: () => string } = await (async () => {
      const token = await world.alice.token();
      const bound = token.bind(() => me());
      token.close();
      return { bound };
    })();
    let rounds = 0;
    await collectUntil(() => rounds++ === 20);
    expect(held.bound?.()).toBe('alice');
    const open = Token.count;
    delete held.bound;
    await collectUntil(() => Token.count < open);
    expect(Token.count).toBe(open - 1);
  });
});

describeSwitching('token.bind(emitter)', () => {
  test('runs the listeners of all its events in the flow, those added before too', async () => {
    const emitter = new EventEmitter();
    const seen: string[] = [];
    emitter.on('early', (...args) => seen.push(`early ${me()} ${args.join()}`));
    expect(alice.bind(emitter)).toBe(emitter);
    const later = async (): Promise<void> => {
      await sleep(1);
      seen.push(`late ${me()}`);
      emitter.emit('done');
    };
    emitter.once('late', () => void later());
    const done = once(emitter, 'done');
    expect(emitter.emit('early', 1, 2)).toBe(true);
    expect(emitter.emit('none')).toBe(false);
    bob.run(() => emitter.emit('late'));
    await done;
    expect(seen).toEqual(['early alice 1,2', 'late alice']);
    expect(Object.keys(emitter)).not.toContain('emit');
  });

  test('binds the given events only, and a second call replaces the flow', () => {
    const symbol = Symbol('event');
    const emitter = new EventEmitter();
    const seen: string[] = [];
    for (const event of ['message', symbol, 'other']) emitter.on(event, () => seen.push(me()));
    const emitAll = (): string[] => {
      seen.length = 0;
      for (const event of ['message', symbol, 'other']) emitter.emit(event);
      return [...seen];
    };
    alice.bind(emitter, { events: ['message', symbol] });
    expect(emitAll()).toEqual(['alice', 'alice', 'ERR_NO_TOKEN']);
    bob.bind(emitter, { events: ['message'] });
    expect(emitAll()).toEqual(['bob', 'alice', 'ERR_NO_TOKEN']);
    bob.bind(emitter);
    expect(emitAll()).toEqual(['bob', 'bob', 'bob']);
  });

  test('an error without listeners is thrown, and other emitters are as they were', () => {
    const emitter = alice.bind(new EventEmitter());
    expect(() => emitter.emit('error', new Error('mine'))).toThrow(/mine/);
    const other = new EventEmitter().on('x', () => expect(me()).toBe('ERR_NO_TOKEN'));
    expect(other.emit('x')).toBe(true);
  });

  test('binds the request of an HTTP server, whose own flow it replaces', async () => {
    const server = http.createServer((request, response) => {
      bob.bind(request);
      request.on('end', () => response.end(me()));
      alice.run(() => request.resume());
    });
    const port = await listen(server);
    expect(await (await fetch(`http://127.0.0.1:${String(port)}`)).text()).toBe('bob');
    server.close();
    server.closeAllConnections();
  });
});

describe('wrong arguments', () => {
  test.each([
    ['target', {}, undefined],
    ['target', undefined, undefined],
    ['target', 'message', undefined],
    ['target', process, undefined],
    ['options', () => {}, {}],
    ['options', new EventEmitter(), null],
    ['options.event', new EventEmitter(), { event: [] }],
    ['options.events', new EventEmitter(), { events: 'message' }],
    ['options.events[1]', new EventEmitter(), { events: ['message', 1] }],
  ])('a wrong %s is a TypeError that names it', (name, target, options) => {
    using token = Token.process();
    const emitOf = (): unknown => (target instanceof EventEmitter ? Reflect.get(target, 'emit') : undefined);
    const before = emitOf();
    const error = caught(() => token.bind(target as never, options as never));
    expect(error.name).toBe('TypeError');
    expect(error.message).toContain(`"${name}"`);
    expect(emitOf()).toBe(before);
  });

  test('a token that is closed or cannot be acted as binds nothing', async () => {
    const token = Token.process();
    using shown = Token.anonymous().duplicate({ level: 'identification' });
    expect(caught(() => shown.bind(() => {})).code).toBe('ERR_TOKEN_LEVEL');
    token.close();
    expect(caught(() => token.bind(() => {})).code).toBe('ERR_TOKEN_CLOSED');
    await sleep(0);
  });
});
