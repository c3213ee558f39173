import { Token } from 'impersonate';
import { Piscina } from 'piscina';
import { rejected } from '../support/errors';
import { alice, bob, describeSwitching, expectActingAsService, freshTokens } from '../support/world/acting';
import { type Identity, world } from '../support/world/world';
import type { Seen, Task } from './programs/piscina-task';

const expected = (who: Identity): Seen => ({ inside: who.id, opens: who.key, outside: world.serviceId });

describeSwitching('the threads of a piscina pool', () => {
  freshTokens();
  async function withPool(use: (pool: Piscina<Task, Seen>) => Promise<void>): Promise<void> {
    const { count } = Token;
    const pool = new Piscina<Task, Seen>({
      filename: require.resolve('./programs/piscina-task'),
      minThreads: 2,
      maxThreads: 2,
      env: process.env as Record<string, string>,
    });
    try {
      await use(pool);
    } finally {
      await pool.destroy();
    }
    expect(Token.count).toBe(count);
  }

  test('run each task as the user of its ticket: 400 tasks of two users, mixed', async () => {
    const users = Array.from({ length: 400 }, (_user, n) => (n % 3 === 0 ? world.alice : world.bob));
    await withPool(async (pool) => {
      const results = await Promise.all(
        users.map((who) => pool.run({ ticket: (who === world.alice ? alice : bob).share() })),
      );
      expect(results).toEqual(users.map(expected));
    });
    expectActingAsService();
  });

  test('reject a ticket that is used a second time', async () => {
    await withPool(async (pool) => {
      const ticket = alice.share();
      expect(await pool.run({ ticket })).toEqual(expected(world.alice));
      // A message between threads does not keep the code of an error.
      expect((await rejected(pool.run({ ticket }))).message).toMatch(/ticket is not valid/);
      expect(await pool.run({ ticket: bob.share() })).toEqual(expected(world.bob));
    });
  });
});
