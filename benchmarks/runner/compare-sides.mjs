import { calibrate } from './calibrate.mjs';
import { round } from './round.mjs';

const roundMs = 4;
const usualRounds = 5;
const fewestRounds = 2;
const mostSamples = 200;
// Until what is done in hundreds of steps, as a call of impersonate/fs, has been compiled as far as it will be.
const warmUpSeconds = 0.25;
/** How often `seconds` a comparison may take to get its rounds, where a single call takes long. */
const patience = 8;

/**
 * Measures the sides in turns, A B A B, for about `seconds`, or longer until there are so many `rounds`. Resolves to
 * { name, batch, rounds } for each and what else the side tells; a round is the ns of a single call in each of its
 * samples. `once`: does each only once, to see that it works.
 *
 * A side is { name, work(count), batch? }, where `batch` says how many make a sample, or { name, round(batch, samples) }
 * that measures itself.
 */
export async function compareSides(sides, { seconds, once = false, rounds = usualRounds }) {
  const lanes = sides.map(laneOf);
  if (once) return doOnce(lanes);
  for (const lane of lanes) Object.assign(lane, await plan(lane));
  if (lanes.every(({ ms }) => ms < roundMs)) {
    await alternate(lanes, warmUpSeconds);
    // How many make a round shows only now: what was not compiled yet took several times as long.
    for (const lane of lanes) Object.assign(lane, await plan(lane), { rounds: [] });
  }
  await alternate(lanes, seconds, rounds);
  return lanes.map(({ name, told, batch, rounds: measured }) => ({ name, ...told, batch, rounds: measured }));
}

function laneOf({ name, work, batch, round: ownRound, ...told }) {
  const measured = ownRound ?? ((calls, samples) => round(work, calls, samples));
  return { name, told, batch, round: measured, rounds: [] };
}

async function plan(lane) {
  const { batch, ms } = await calibrate(lane);
  return { batch, ms, samples: Math.max(1, Math.min(mostSamples, Math.round(roundMs / ms))) };
}

async function alternate(lanes, seconds, rounds = 0) {
  const start = performance.now();
  const isOver = (turn) => {
    const passed = (performance.now() - start) / 1000;
    return turn >= rounds ? passed >= seconds : turn >= fewestRounds && passed >= seconds * patience;
  };
  for (let turn = 0; !isOver(turn); turn++) {
    for (const lane of lanes) lane.rounds.push(await lane.round(lane.batch, lane.samples));
  }
}

async function doOnce(lanes) {
  const rows = [];
  for (const { name, told, round: measured } of lanes) {
    rows.push({ name, ...told, batch: 1, rounds: [await measured(1, 1)] });
  }
  return rows;
}
