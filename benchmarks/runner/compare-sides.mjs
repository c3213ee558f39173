import { calibrate } from './calibrate.mjs';
import { round } from './round.mjs';
import { ascending, quantile, spread } from './statistics.mjs';

const roundMs = 4;
const fewestRounds = 9;
const mostSamples = 200;
const warmUpShare = 0.15;

/**
 * Measures the sides in turns, A B A B, for about `seconds`; each is compared with the first. Resolves to a row for
 * each: { name, ns: { median, p99 }, ratio: { median, low, high }, rounds, samples } and what else the side tells.
 *
 * A ratio is that of two rounds next to each other, so that a machine which is busy for a while slows both; a round
 * stands for its lower quartile, in which another process rarely has had the processor.
 */
export async function compareSides(sides, { seconds, once = false }) {
  const lanes = sides.map(laneOf);
  if (once) return doOnce(lanes);
  for (const lane of lanes) Object.assign(lane, await plan(lane));
  await alternate(lanes, seconds * warmUpShare, 1);
  for (const lane of lanes) lane.rounds = [];
  await alternate(lanes, seconds, fewestRounds);
  return lanes.map((lane) => rowOf(lane, lanes[0]));
}

function laneOf({ name, work, batch, round: ownRound, ...told }) {
  const measured = ownRound ?? ((calls, samples) => round(work, calls, samples));
  return { name, told, batch, round: measured, rounds: [] };
}

async function plan(lane) {
  const { batch, ms } = await calibrate(lane);
  return { batch, samples: Math.max(1, Math.min(mostSamples, Math.round(roundMs / ms))) };
}

async function alternate(lanes, seconds, fewest) {
  const end = performance.now() + seconds * 1000;
  for (let turn = 0; turn < fewest || performance.now() < end; turn++) {
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
