import { calibrate } from './calibrate.mjs';
import { round } from './round.mjs';

const roundMs = 4;
const usualRounds = 5;
const fewestRounds = 2;
const mostSamples = 200;
// Long enough to compile work of hundreds of steps, such as a call of impersonate/fs.
const warmUpSeconds = 0.25;
/** A comparison of slow calls may take this many times `seconds` to complete its rounds. */
const maxStretch = 8;

/**
 * Measures the sides in alternating rounds, A B A B, for about `seconds`, or longer until there are enough `rounds`.
 * Resolves to { name, batch, rounds } for each side, with the side's other properties. A round is an array of the ns of
 * a single call, one for each sample. `once` runs each side only once, to check that it works.
 *
 * A side is { name, work(count), batch? }, where `batch` is the number of calls in a sample, or a
 * { name, round(batch, samples) } that measures itself.
 */
export async function compareSides(sides, { seconds, once = false, rounds = usualRounds }) {
  const lanes = sides.map(laneOf);
  if (once) return doOnce(lanes);
  for (const lane of lanes) Object.assign(lane, await plan(lane));
  if (lanes.every(({ ms }) => ms < roundMs)) {
    await alternate(lanes, warmUpSeconds);
    // The warm-up has compiled the code, which took several times as long before: plan the rounds again.
    for (const lane of lanes) Object.assign(lane, await plan(lane), { rounds: [] });
  }
  await alternate(lanes, seconds, rounds);
  return lanes.map(({ name, rest, batch, rounds: measured }) => ({ name, ...rest, batch, rounds: measured }));
}

function laneOf({ name, work, batch, round: ownRound, ...rest }) {
  const measured = ownRound ?? ((calls, samples) => round(work, calls, samples));
  return { name, rest, batch, round: measured, rounds: [] };
}

async function plan(lane) {
  const { batch, ms } = await calibrate(lane);
  return { batch, ms, samples: Math.max(1, Math.min(mostSamples, Math.round(roundMs / ms))) };
}

async function alternate(lanes, seconds, rounds = 0) {
  const start = performance.now();
  const isOver = (count) => {
    const passed = (performance.now() - start) / 1000;
    return count >= rounds ? passed >= seconds : count >= fewestRounds && passed >= seconds * maxStretch;
  };
  for (let count = 0; !isOver(count); count++) {
    for (const lane of lanes) lane.rounds.push(await lane.round(lane.batch, lane.samples));
  }
}

async function doOnce(lanes) {
  const rows = [];
  for (const { name, rest, round: measured } of lanes) {
    rows.push({ name, ...rest, batch: 1, rounds: [await measured(1, 1)] });
  }
  return rows;
}
