// node benchmarks/measure.mjs CASE: both sides of a case in turns, A B A B, in one process. Prints JSON.
import { createRequire } from 'node:module';
import process from 'node:process';
import { Token } from 'impersonate';

const rounds = 41;
const warmUp = 5;
const callsPerRound = 1000;

const floorAddon = createRequire(import.meta.url)('./native/build/Release/floor.node');
const token = await Token.forUser('daemon');
const { uid } = token.user;
const groups = token.groups.map(({ gid }) => gid);

function nsPerCall(work) {
  const start = process.hrtime.bigint();
  work(callsPerRound);
  return Number(process.hrtime.bigint() - start) / callsPerRound;
}

function quantile(values, q) {
  const sorted = values.toSorted ? values.toSorted((a, b) => a - b) : [...values].sort((a, b) => a - b);
  return sorted[Math.round((sorted.length - 1) * q)];
}

const { name, against, setup } = await import(process.argv[2]);
const { subject, baseline } = setup({
  token,
  nothing: floorAddon.nothing,
  floor: (count) => floorAddon.switchPairs(uid, groups[0], groups, count),
});
const pairs = Array.from({ length: rounds + warmUp }, () => [nsPerCall(subject), nsPerCall(baseline)]).slice(
  warmUp,
);
const ratios = pairs.map(([a, b]) => a / b);
const median = (values) => quantile(values, 0.5);
console.log(
  JSON.stringify({
    name,
    against,
    subject: Math.round(median(pairs.map(([a]) => a))),
    baseline: Math.round(median(pairs.map(([, b]) => b))),
    ratio: Number(median(ratios).toFixed(2)),
    spread: `${quantile(ratios, 0.25).toFixed(2)}–${quantile(ratios, 0.75).toFixed(2)}`,
  }),
);
