import { linesOf } from '../support/child';
import { jobs } from '../support/jobs';
import { describeSwitching } from '../support/switching';

// A pool thread makes what waits for a token in one turn, whichever flow has asked, and the event loop is told of it
// when it likes.
describeSwitching('calls that share the turn of a pool thread', () => {
  const oneThread = { env: { UV_THREADPOOL_SIZE: '1' }, execArgv: ['--expose-gc'] };

  test('end each in its own flow and its own async context', async () => {
    const lines = await linesOf(
      `const files = require(${JSON.stringify(require.resolve('../../dist/fs'))});
      const { AsyncLocalStorage } = require('node:async_hooks');
      const tokens = { alice: await world.alice.token(), bob: await world.bob.token() };
      const who = (index) => (index % 2 ? 'alice' : 'bob');
      const requests = new AsyncLocalStorage();
      const wrong = [];
      const one = (index) => requests.run(index, () => tokens[who(index)].run(async () => {
        for (let i = 0; i < 3; i++) {
          await files.stat(__filename);
          if (requests.getStore() !== index || Token.current().user.id !== world[who(index)].id) wrong.push(index);
        }
      }));
      const all = Promise.all(Array.from({ length: 600 }, (_, index) => one(index)));
      gc();
      await all;
      say(JSON.stringify(wrong));`,
      oneThread,
    );
    expect(lines).toEqual(['[]']);
  });

  test('are told each in its own async context', async () => {
    const lines = await linesOf(
      `${jobs}
      const { AsyncLocalStorage } = require('node:async_hooks');
      const requests = new AsyncLocalStorage();
      const wrong = [];
      const one = (index) => requests.run(index, () => new Promise((resolve) => {
        native.startFs(index % 2 ? alice : bob, native.fsCalls.stat, () => { resolve(requests.getStore() === index || wrong.push(index)); }, __filename, false);
      }));
      const all = Promise.all(Array.from({ length: 600 }, (_, index) => one(index)));
      gc();
      await all;
      say(JSON.stringify(wrong));`,
      oneThread,
    );
    expect(lines).toEqual(['[]']);
  });
});
