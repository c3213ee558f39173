import { parentPort, workerData } from 'node:worker_threads';
import { world, type Identity } from '../../support/world/world';

export interface Rounds {
  readonly who: 'alice' | 'bob';
  readonly rounds: number;
}

export interface Tally {
  readonly inside: number;
  readonly wrong: string[];
}

/** In a worker: enters scopes of one user repeatedly, and checks the kernel inside and after each. */
async function run({ who, rounds }: Rounds): Promise<Tally> {
  const mine: Identity = world[who];
  const other = who === 'alice' ? world.bob : world.alice;
  const token = await mine.token();
  const wrong: string[] = [];
  let inside = 0;
  for (let round = 0; round < rounds; round++) {
    const check = (): void => {
      inside++;
      const user = world.whoAmI();
      if (user !== mine.id) wrong.push(`${String(round)}: ${user} in a scope`);
      if (round % 20 === 0 && (!world.canOpen(mine) || world.canOpen(other)))
        wrong.push(`${String(round)}: rights`);
    };
    if (round % 2 === 0) {
      token.runSync(check);
    } else {
      using _scope = token.impersonate();
      check();
    }
    const after = world.whoAmI();
    if (after !== world.serviceId) wrong.push(`${String(round)}: ${after} after the scope`);
    // Lets other work run in between: promises, and sometimes the event loop.
    if (round % 1000 === 0)
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
  }
  token.close();
  return { inside, wrong: wrong.slice(0, 10) };
}

if (parentPort !== null) {
  const port = parentPort;
  void run(workerData as Rounds).then((tally) => {
    port.postMessage(tally);
  });
}
