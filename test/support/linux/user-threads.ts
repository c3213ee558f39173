import { fileOf, world } from '../world/linux';

/**
 * For child programs: `read(who, options)` reads the file of alice or bob as that user; `usersOf()` are the threads that act as a
 * user; `settled(done)` waits for a condition; `long()` lets threads stay users; `stayingAs(who)` makes one stay.
 */
export const userThreads = `
  const { Token, TokenCache, configurePool, poolStats } = require(${JSON.stringify(require.resolve('impersonate'))});
  const files = require(${JSON.stringify(require.resolve('../../../dist/fs'))});
  const { setTimeout: sleep } = require('node:timers/promises');
  const { probe } = require(${JSON.stringify(require.resolve('./probe'))});
  const { threadStatus, allThreads } = require(${JSON.stringify(require.resolve('./thread-status'))});
  const usersOf = () => [...allThreads()].filter(([, { uids }]) => uids[3] !== threadStatus().uids[3]);
  const settled = async (done) => { while (!done()) await sleep(5); };
  const own = ${JSON.stringify({ alice: fileOf(world.alice), bob: fileOf(world.bob) })};
  const tokens = { alice: await world.alice.token(), bob: await world.bob.token() };
  const read = (who, options) => tokens[who].run(() => files.readFile(own[who], options));
  const long = () => configurePool({ idleTime: 600_000 });
  // One after another, so that each has a thread of its own.
  const stayingAs = async (who) => { const { staying } = poolStats(); await read(who); await settled(() => poolStats().staying > staying); };`;
