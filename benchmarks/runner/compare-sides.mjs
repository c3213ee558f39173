import { calibrate } from './calibrate.mjs';
import { round } from './round.mjs';
import { ascending, quantile, spread } from './statistics.mjs';

const roundMs = 4;
const usualRounds = 11;
const fewestRounds = 3;
const mostSamples = 200;
const warmUpShare = 0.15;
/** How often `seconds` a comparison may take to get its rounds, where a single call takes long. */
const patience = 8;

/**
 * Measures the sides in turns, A B A B, for about `seconds`, or longer until there are so many `rounds`; each is compared
 * with the first. Resolves to a row for each: { name, ns: { median, p99 }, ratio: { median, low, high }, rounds, samples,
 * batch } and what else the side tells. `once`: does each only once, to see that it works.
 *
 * A side is { name, work(count), batch? }, where `batch` says how many make a sample, or { name, round(batch, samples) }
 * that measures itself. A ratio is that of two rounds next to each other, so that a machine which is busy for a while
 * slows both; a round stands for its lower quartile, in which another process has rarely had the processor.
 */
export async function compareSides(sides, { seconds, once = false, rounds = usualRounds }) {
  const lanes = sides.map(laneOf);
  if (once) return doOnce(lanes);
  for (const lane of lanes) Object.assign(lane, await plan(lane));
  if (lanes.every(({ ms }) => ms < roundMs)) await alternate(lanes, seconds * warmUpShare);
  for (const lane of lanes) lane.rounds = [];
  await alternate(lanes, seconds, rounds);
  return lanes.map((lane) => rowOf(lane, lanes[0]));
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
    const [ns] = await measured(1, 1);
    rows.push({ name, ...told, ns: { median: ns } });
  }
  return rows;
}

const levelOf = (samples) => quantile(ascending(samples), 0.25);

function rowOf(lane, baseline) {
  const all = ascending(lane.rounds.flat());
  const ratios = lane.rounds.map((samples, turn) => levelOf(samples) / levelOf(baseline.rounds[turn]));
  return {
    name: lane.name,
    ...lane.told,
    ns: { median: quantile(all, 0.5), p99: quantile(all, 0.99) },
    ratio: lane === baseline ? undefined : spread(ratios),
    rounds: lane.rounds.length,
    samples: all.length,
    batch: lane.batch,
  };
}
