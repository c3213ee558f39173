import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Token } from 'impersonate';
import { world } from './world/world';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

// Tokens that an earlier test file's flows have kept are not to vanish while a test counts its own.
beforeAll(async () => {
  for (let round = 0; round < 2; round++) {
    collect();
    await new Promise((resolve) => setImmediate(resolve));
  }
});

// Whatever a test did, the thread is the service again: by the product's word and by the kernel's.
afterEach(() => {
  const carried = Token.thread();
  const carriedUser = carried?.user.id ?? null;
  carried?.close();
  expect({ carriedUser, kernel: world.whoAmI() }).toEqual({ carriedUser: null, kernel: world.serviceId });
});
