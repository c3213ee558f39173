import { linesOf } from '../support/children/child';
import { jobs } from '../support/children/sources';
import { describeSwitching } from '../support/world/acting';

// A user thread makes all waiting calls of a token in one batch, whichever flow made them, and the event loop gets the
// results later.
describeSwitching('calls that share a batch of a user thread', () => {
  const options = { env: { IMPERSONATE_POOL_MAX_THREADS: '1' }, execArgv: ['--expose-gc'] };

  /** Runs `one(index)` of the source many times at once, each as its own request; errors are pushed to `wrong`. */
  async function expectNoneWrong(source: string): Promise<void> {
    const lines = await linesOf(
      `const { AsyncLocalStorage } = require('node:async_hooks');
      const requests = new AsyncLocalStorage();
      const wrong = [];
      ${source}
      const all = Promise.all(Array.from({ length: 600 }, (_, index) => requests.run(index, one, index)));
      gc();
      await all;
      print(JSON.stringify(wrong));`,
      options,
    );
    expect(lines).toEqual(['[]']);
  }

  test('each complete in their own flow and async context', () =>
    expectNoneWrong(
      `const files = require(${JSON.stringify(require.resolve('../../dist/fs'))});
      const tokens = { alice: await world.alice.token(), bob: await world.bob.token() };
      const who = (index) => (index % 2 ? 'alice' : 'bob');
      const one = (index) => tokens[who(index)].run(async () => {
        for (let i = 0; i < 3; i++) {
          await files.stat(__filename);
          if (requests.getStore() !== index || Token.current().user.id !== world[who(index)].id) wrong.push(index);
        }
      });`,
    ));

  test('each settle in their own async context', () =>
    expectNoneWrong(
      `${jobs}
      native.setPoolLimits(1, 1, 1000, false);
      const one = (index) => new Promise((resolve) => {
        void native.startFs(index % 2 ? alice : bob, native.fsCalls.stat, __filename, false).then(() => { resolve(requests.getStore() === index || wrong.push(index)); });
      });`,
    ));
});
