// node benchmarks/measure.mjs CASE: both sides of each of the file's cases in turns, A B A B, in one process. Prints
// JSON, an array.
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
const world = {
  token,
  uid,
  nothing: floorAddon.nothing,
  floor: (count) => floorAddon.switchPairs(uid, groups[0], groups, count),
};

async function nsPerCall(work) {
  const start = process.hrtime.bigint();
  await work(callsPerRound);
  return Number(process.hrtime.bigint() - start) / callsPerRound;
}

function quantile(values, q) {
  const sorted = values.toSorted ? values.toSorted((a, b) => a - b) : [...values].sort((a, b) => a - b);
  return sorted[Math.round((sorted.length - 1) * q)];
}

async function measure({ name, against, setup }) {
  const { subject, baseline } = await setup(world);
  const pairs = [];
  for (let round = 0; round < rounds + warmUp; round++) {
    pairs.push([await nsPerCall(subject), await nsPerCall(baseline)]);
  }
  pairs.splice(0, warmUp);
  const ratios = pairs.map(([a, b]) => a / b);
  const median = (values) => quantile(values, 0.5);
  return {
    name,
    against,
    subject: Math.round(median(pairs.map(([a]) => a))),
    baseline: Math.round(median(pairs.map(([, b]) => b))),
    ratio: Number(median(ratios).toFixed(2)),
    spread: `${quantile(ratios, 0.25).toFixed(2)}–${quantile(ratios, 0.75).toFixed(2)}`,
  };
}

const { cases } = await import(process.argv[2]);
const rows = [];
for (const one of cases) rows.push(await measure(one));
console.log(JSON.stringify(rows));
