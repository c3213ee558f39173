import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Token } from 'impersonate';
import { world } from './world/world';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

// Tokens kept by flows of an earlier test file must not be collected while a test counts tokens.
beforeAll(async () => {
  for (let round = 0; round < 2; round++) {
    collect();
    await new Promise((resolve) => setImmediate(resolve));
  }
});

// After every test the thread is the service again, by the product and by the kernel.
afterEach(() => {
  const carried = Token.thread();
  const carriedUser = carried?.user.id ?? null;
  carried?.close();
  expect({ carriedUser, kernel: world.whoAmI() }).toEqual({ carriedUser: null, kernel: world.serviceId });
});
