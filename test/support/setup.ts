import { Token } from 'impersonate';
import { world } from './world';

// Whatever a test did, the thread is the service again: by the product's word and by the kernel's.
afterEach(() => {
  const carried = Token.thread();
  const carriedUser = carried?.user.id ?? null;
  carried?.close();
  expect({ carriedUser, kernel: world.whoAmI() }).toEqual({ carriedUser: null, kernel: world.serviceId });
});
