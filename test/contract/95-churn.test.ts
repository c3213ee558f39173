import { Token } from 'impersonate';
import { describeSwitching, expectActingAs } from '../support/world/acting';
import { world } from '../support/world/world';

describeSwitching('churn', () => {
  test('10,000 tokens created and closed leave no handle behind', async () => {
    using alice = await world.alice.token();
    const churn = (rounds: number): void => {
      for (let round = 0; round < rounds; round++) {
        const token = round % 2 === 0 ? alice.duplicate() : Token.process();
        if (round % 100 === 0) token.runSync(() => undefined);
        token.close();
      }
    };
    churn(100);
    const [handles, count] = [world.handleCount(), Token.count];
    churn(10_000);
    expect(Token.count).toBe(count);
    expect(world.handleCount()).toBeLessThanOrEqual(handles + 2);
  });

  test('1,000 tokens requested by name or minted, then closed, leave no handle behind', async () => {
    const make = async (rounds: number): Promise<void> => {
      for (let round = 0; round < rounds; round += 10) {
        const tokens = await Promise.all(Array.from({ length: 10 }, () => world.bob.token()));
        for (const token of tokens) token.close();
      }
    };
    await make(20);
    const [handles, count] = [world.handleCount(), Token.count];
    await make(1000);
    expect(Token.count).toBe(count);
    expect(world.handleCount()).toBeLessThanOrEqual(handles + 2);
  });

  test('10,000 scopes leave no handle behind', async () => {
    using alice = await world.alice.token();
    using bob = await world.bob.token();
    const churn = (rounds: number): void => {
      for (let round = 0; round < rounds; round++) {
        using _scope = alice.impersonate();
        bob.runSync(() => undefined);
      }
    };
    churn(100);
    const handles = world.handleCount();
    churn(10_000);
    expect(world.handleCount()).toBeLessThanOrEqual(handles + 2);
  });

  test('10,000 live tokens are each their own', async () => {
    using alice = await world.alice.token();
    using bob = await world.bob.token();
    const tokens = Array.from({ length: 10_000 }, (_, index) => (index % 2 === 0 ? alice : bob).duplicate());
    try {
      for (const index of [0, 1, 4998, 4999, 9998, 9999]) {
        tokens[index]?.runSync(() => {
          expectActingAs(index % 2 === 0 ? world.alice : world.bob);
        });
      }
    } finally {
      for (const token of tokens) token.close();
    }
  });
});
