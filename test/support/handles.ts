import { setTimeout } from 'node:timers/promises';
import { world } from './world';

/**
 * How many handles the process holds once whatever was ending has ended: a thread that has answered and a connection
 * that was closed are there for a moment still, and would count as leaks after a test or hide one before it.
 */
export async function settledHandles(): Promise<number> {
  let [count, still] = [world.handleCount(), 0];
  for (let turn = 0; turn < 300 && still < 10; turn++) {
    await setTimeout(10);
    const now = world.handleCount();
    still = now === count ? still + 1 : 0;
    count = now;
  }
  return count;
}
