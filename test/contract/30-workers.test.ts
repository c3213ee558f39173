import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { Token } from 'impersonate';
import { linesOf, writeSource } from '../support/children/child';
import { describeSwitching, expectActingAs, expectActingAsService } from '../support/world/acting';
import { world } from '../support/world/world';
import type { Rounds, Tally } from './programs/worker-rounds';

const program = require.resolve('./programs/worker-rounds');

async function tally(workerData: Rounds): Promise<Tally> {
  const worker = new Worker(program, { workerData, env: process.env });
  const ended = once(worker, 'exit');
  const [result] = (await once(worker, 'message')) as [Tally];
  expect(await ended).toEqual([0]);
  return result;
}

describeSwitching('worker threads', () => {
  test('two workers as two users at once make 100,000 correct checks each', async () => {
    const rounds = 100_000;
    const results = Promise.all([tally({ who: 'alice', rounds }), tally({ who: 'bob', rounds })]);
    let seen = 0;
    const watch = setInterval(() => {
      seen++;
      if (world.whoAmI() !== world.serviceId) throw new Error('the main thread is not the service');
    }, 5);
    try {
      expect(await results).toEqual([
        { inside: rounds, wrong: [] },
        { inside: rounds, wrong: [] },
      ]);
    } finally {
      clearInterval(watch);
    }
    expect(seen).toBeGreaterThan(0);
  });

  test('a worker that ends closes its own tokens and no others', async () => {
    using alice = await world.alice.token();
    const count = Token.count;
    const source = `
      const token = await world.bob.token();
      globalThis.kept = [token, Token.process(), token.duplicate()];
      token.runSync(() => { if (world.whoAmI() !== world.bob.id) throw new Error('not bob'); });`;
    const worker = new Worker(writeSource('main', source), { env: process.env });
    expect(await once(worker, 'exit')).toEqual([0]);
    expect(Token.count).toBe(count);
    alice.runSync(() => {
      expectActingAs(world.alice);
    });
  });

  test('a worker started by the service while another thread is in a scope is the service', async () => {
    using alice = await world.alice.token();
    const source = `require('node:worker_threads').parentPort.postMessage(world.whoAmI());`;
    const worker = new Worker(writeSource('main', source), { env: process.env });
    alice.runSync(() => {
      expectActingAs(world.alice);
    });
    expect(await once(worker, 'message')).toEqual([world.serviceId]);
    expectActingAsService();
  });
});

describeSwitching('terminating a worker', () => {
  // The worker reaches the stage, reports it, and is terminated there.
  const stages: [string, string][] = [
    ['with the package just loaded', "parentPort.postMessage('here'); for (;;);"],
    [
      'while it waits for a token',
      "for (;;) { const p = world.alice.token(); parentPort.postMessage('here'); (await p).close(); }",
    ],
    ['with a token open', "const t = await world.alice.token(); parentPort.postMessage('here'); for (;;);"],
    [
      'in an endless runSync',
      "const t = await world.alice.token(); t.runSync(() => { parentPort.postMessage('here'); for (;;); });",
    ],
    [
      'blocked in runSync',
      "const t = await world.alice.token(); t.runSync(() => { parentPort.postMessage('here'); Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0); });",
    ],
    [
      'in an endless using scope',
      "const t = await world.alice.token(); const s = t.impersonate(); parentPort.postMessage('here'); try { for (;;); } finally { s.revert(); }",
    ],
    [
      'in nested scopes',
      "const a = await world.alice.token(), b = await world.bob.token(); a.runSync(() => { b.impersonate(); a.runSync(() => { parentPort.postMessage('here'); for (;;); }); });",
    ],
    [
      'entering and leaving',
      "const t = await world.alice.token(); parentPort.postMessage('here'); for (;;) t.runSync(() => {});",
    ],
  ];

  let lines: string[];
  // One process runs all stages: each must leave it unchanged for the next.
  beforeAll(async () => {
    const workers = stages.map(([, body]) =>
      writeSource('main', `const { parentPort } = require('node:worker_threads');\n${body}`),
    );
    lines = await linesOf(
      `const { Worker } = require('node:worker_threads');
      const { once } = require('node:events');
      const { until } = require(${JSON.stringify(require.resolve('../support/children/progress'))});
      const alice = await world.alice.token();
      const count = Token.count;
      for (const [stage, file] of Object.entries(${JSON.stringify(workers)})) {
        for (let round = 0; round < 5; round++) {
          const worker = new Worker(file);
          await once(worker, 'message');
          await new Promise((resolve) => { setTimeout(resolve, round * 3); });
          await worker.terminate();
        }
        await until(() => Token.count === count);
        print([
          stage, Token.count - count, alice.runSync(() => world.whoAmI()) === world.alice.id, world.whoAmI() === world.serviceId,
        ].join());
      }`,
    );
  });

  test.each(stages.map(([name], index) => [name, index] as const))(
    '%s leaves the process as it was',
    (_name, index) => {
      expect(lines[index]).toBe(`${String(index)},0,true,true`);
    },
  );
});
