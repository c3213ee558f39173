import { runSync } from 'impersonate';
import { world } from './world';

/** The effective identity of the running code, by the kernel: a test's user by the key, or the service. */
export function me(): string {
  try {
    const openable = (): string[] =>
      [world.alice, world.bob].filter((who) => world.canOpen(who)).map(({ key }) => key);
    return runSync(openable).join();
  } catch (error) {
    if ((error as { code: string }).code !== 'ERR_NO_TOKEN') throw error;
    return world.whoAmI() === world.serviceId && world.canOpenService() ? 'service' : world.whoAmI();
  }
}

/** The identity before and after waiting. */
export async function meTwice(): Promise<string> {
  const first = me();
  await new Promise((resolve) => setImmediate(resolve));
  const second = me();
  return first === second ? first : `${first} ${second}`;
}
