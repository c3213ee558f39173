import { Token } from 'impersonate';
import { world } from '../support/world/world';

test('tickets that are not claimed close their handles when they expire', async () => {
  using original = Token.process();
  const before = world.handleCount();
  for (let n = 0; n < 200; n++) {
    using token = original.duplicate();
    token.share({ expiresIn: 200 + (n % 7) * 10 });
  }
  expect(world.handleCount()).toBeGreaterThanOrEqual(before + 200);
  await new Promise((resolve) => {
    setTimeout(resolve, 1000);
  });
  expect(world.handleCount()).toBeLessThanOrEqual(before + 2);
});
