import { setTimeout } from 'node:timers/promises';
import { world } from './world';

/**
 * How many handles the process holds once whatever was ending has ended: a thread that has answered and a connection
 * that was closed are there for a moment still, and would count as leaks after a test or hide one before it. Waits
 * for that moment as long as there are more than `wanted`, which on a busy machine may be seconds.
 */
export async function settledHandles(wanted = Infinity): Promise<number> {
  let [count, still] = [world.handleCount(), 0];
  const isOver = (): boolean => still >= 10 && count <= wanted;
  const most = wanted === Infinity ? 300 : 1000;
  for (let turn = 0; turn < most && !isOver(); turn++) {
    await setTimeout(10);
    const now = world.handleCount();
    still = now === count ? still + 1 : 0;
    count = now;
  }
  return count;
}
