import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { Token } from 'impersonate';
import { linesOf, writeSource } from '../support/children/child';
import { caught } from '../support/errors';
import {
  alice,
  bob,
  describeSwitching,
  expectActingAs,
  expectActingAsService,
  freshTokens,
} from '../support/world/acting';
import { world } from '../support/world/world';

const invalid = { name: 'ImpersonationError', code: 'ERR_TICKET_INVALID' };
const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });

describe('a ticket', () => {
  let token: Token;
  beforeEach(() => {
    token = Token.process();
  });
  afterEach(() => {
    token.close();
  });

  test('is 128 random bits as text', () => {
    const tickets = Array.from({ length: 100 }, () => token.share());
    for (const ticket of tickets) {
      expect(ticket).toMatch(/^[\w-]{22}$/);
      Token.claim(ticket).close();
    }
    expect(new Set(tickets).size).toBe(100);
  });

  test('can be claimed once', () => {
    const ticket = token.share();
    using claimed = Token.claim(ticket);
    expect(claimed.equals(token)).toBe(true);
    expect(caught(() => Token.claim(ticket))).toMatchObject(invalid);
  });

  test.each(['never given out', 'x'.repeat(100_000), '💥', '0'])(
    'that does not exist is rejected: %#',
    (ticket) => {
      expect(caught(() => Token.claim(ticket))).toMatchObject(invalid);
    },
  );

  test.each([undefined, null, 1, {}, Buffer.from('x')])(
    'that is no string is an argument error: %p',
    (ticket) => {
      const error = caught(() => Token.claim(ticket as string));
      expect(error).toMatchObject({ name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' });
      expect(error.message).toContain('"ticket"');
    },
  );

  test('appears in no error message', () => {
    const ticket = token.share();
    Token.claim(ticket).close();
    const error = caught(() => Token.claim(ticket));
    expect(JSON.stringify({ ...error, message: error.message })).not.toContain(ticket);
  });

  test('expires', async () => {
    const [brief, usual] = [token.share({ expiresIn: 20 }), token.share()];
    await pause(60);
    expect(caught(() => Token.claim(brief))).toMatchObject(invalid);
    Token.claim(usual).close();
  });

  test('expires on time even if no timer can run', () => {
    const ticket = token.share({ expiresIn: 5 });
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 30);
    expect(caught(() => Token.claim(ticket))).toMatchObject(invalid);
  });

  test.each([0, -1, 1.5, NaN, Infinity, 86_400_001])('cannot be valid for %p ms', (expiresIn) => {
    const error = caught(() => token.share({ expiresIn }));
    expect(error).toMatchObject({ name: 'TypeError', code: 'ERR_INVALID_ARG_VALUE' });
    expect(error.message).toContain('"options.expiresIn"');
  });

  test.each([
    [{ expiresIn: '1' }, 'ERR_INVALID_ARG_TYPE'],
    [{ expires: 1 }, 'ERR_INVALID_ARG_VALUE'],
    [null, 'ERR_INVALID_ARG_TYPE'],
    [5, 'ERR_INVALID_ARG_TYPE'],
  ])('cannot be made with the options %p', (options, code) => {
    expect(caught(() => token.share(options as object))).toMatchObject({ name: 'TypeError', code });
  });

  test('cannot be made for a closed token', () => {
    token.close();
    expect(caught(() => token.share())).toMatchObject({ code: 'ERR_TOKEN_CLOSED' });
  });

  test('is not counted in Token.count, and does not bypass the limit', () => {
    const { count, limit } = Token;
    const ticket = token.share();
    expect(Token.count).toBe(count);
    Token.limit = count;
    try {
      expect(caught(() => Token.claim(ticket))).toMatchObject({ code: 'ERR_TOKEN_LIMIT' });
    } finally {
      Token.limit = limit;
    }
  });

  test('is limited to the number of tokens', () => {
    const { limit } = Token;
    Token.limit = 3;
    const tickets: string[] = [];
    try {
      const error = caught(() => {
        for (let n = 0; n < 10; n++) tickets.push(token.share());
      });
      expect(error).toMatchObject({ name: 'ImpersonationError', code: 'ERR_TICKET_LIMIT' });
      expect(tickets).toHaveLength(3);
    } finally {
      Token.limit = limit;
    }
    for (const ticket of tickets) Token.claim(ticket).close();
    Token.claim(token.share()).close();
  });
});

test('a ticket does not keep the process alive', async () => {
  // A ticket that did would make the child hang.
  expect(await linesOf('Token.process().share({ expiresIn: 86_400_000 });')).toEqual([]);
});

test('a token itself is not cloned', () => {
  using token = Token.process();
  expect(caught(() => structuredClone(token))).toMatchObject({ name: 'DataCloneError' });
  expect(caught(() => structuredClone({ deep: [token] }))).toMatchObject({ name: 'DataCloneError' });
});

describeSwitching('a shared token', () => {
  freshTokens();

  test('is the same user', () => {
    using claimed = Token.claim(alice.share());
    expect(claimed.equals(alice)).toBe(true);
    expect(claimed.equals(bob)).toBe(false);
    claimed.runSync(() => {
      expectActingAs(world.alice);
    });
    expectActingAsService();
  });

  test('outlives the token it was shared from, and does not depend on it', () => {
    const { count } = Token;
    const ticket = alice.share();
    alice.close();
    expect(Token.count).toBe(count - 1);
    using claimed = Token.claim(ticket);
    claimed.runSync(() => {
      expectActingAs(world.alice);
    });
    using again = Token.claim(claimed.share());
    claimed.close();
    again.runSync(() => {
      expectActingAs(world.alice);
    });
  });

  test('acts in another thread as in this one, and ends with that thread', async () => {
    const { count } = Token;
    const source = `
      const { parentPort, workerData } = require('node:worker_threads');
      globalThis.kept = Token.claim(workerData);
      const inside = globalThis.kept.runSync(() => world.whoAmI());
      parentPort.postMessage([inside, world.whoAmI()]);`;
    const worker = new Worker(writeSource('main', source), { workerData: alice.share(), env: process.env });
    const ended = once(worker, 'exit');
    expect(await once(worker, 'message')).toEqual([[world.alice.id, world.serviceId]]);
    expect(await ended).toEqual([0]);
    expect(Token.count).toBe(count);
  });

  test('is claimed by exactly one of many threads that try at once', async () => {
    const source = `
      const { parentPort, workerData } = require('node:worker_threads');
      const gate = new Int32Array(workerData.gate);
      const won = [];
      for (let round = 0; round < workerData.tickets.length; round++) {
        Atomics.add(gate, round, 1);
        while (Atomics.load(gate, round) < workerData.threads);
        try { Token.claim(workerData.tickets[round]); won.push(round); }
        catch (error) { if (error.code !== 'ERR_TICKET_INVALID') throw error; }
      }
      parentPort.postMessage(won);`;
    const [threads, rounds] = [3, 200];
    const tickets = Array.from({ length: rounds }, () => alice.share());
    const gate = new SharedArrayBuffer(rounds * 4);
    const file = writeSource('main', source);
    const results = await Promise.all(
      Array.from({ length: threads }, async () => {
        const worker = new Worker(file, { workerData: { threads, tickets, gate }, env: process.env });
        const ended = once(worker, 'exit');
        const [won] = (await once(worker, 'message')) as [number[]];
        await ended;
        return won;
      }),
    );
    expect(results.flat().sort((a, b) => a - b)).toEqual(tickets.map((_ticket, round) => round));
  });
});
