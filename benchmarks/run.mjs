// node benchmarks/run.mjs: a child process for each case, one table.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { fileURLToPath } from 'node:url';

const casesFolder = new URL('./cases/', import.meta.url);
const measure = fileURLToPath(new URL('./measure.mjs', import.meta.url));

const rows = fs
  .readdirSync(casesFolder)
  .sort()
  .flatMap((file) =>
    JSON.parse(execFileSync(process.execPath, [measure, fileURLToPath(new URL(file, casesFolder))])),
  );

console.log(
  `Node ${process.version}, ${process.platform} ${process.arch}; ns, medians of alternating rounds`,
);
console.table(
  rows.map(({ name, against, subject, baseline, ratio, spread }) => ({
    case: name,
    ns: subject,
    against,
    'their ns': baseline,
    added: subject - baseline,
    ratio,
    spread,
  })),
);
