import process from 'node:process';

/**
 * Runs suites one after the other: { name, run() } with run resolving to { passed, failed, skipped }. Prints a
 * table of them and, as the last line, the totals. A suite that throws has failed, and so has one in which no test ran.
 */
export async function runSuites(suites) {
  const rows = [];
  for (const suite of suites) rows.push(await runSuite(suite));
  const total = rows.reduce(add, { name: 'all', passed: 0, failed: 0, skipped: 0, seconds: 0 });
  printTable([...rows, total]);
  for (const { name, problem } of rows) if (problem) console.log(`${name}: ${problem}`);
  console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
  if (total.failed > 0) process.exitCode = 1;
}

async function runSuite({ name, run }) {
  console.log(`\n== ${name}`);
  const start = performance.now();
  const result = await run().then(withAnyTest, failure);
  return { name, ...result, seconds: (performance.now() - start) / 1000 };
}

const failure = (error) => ({ passed: 0, failed: 1, skipped: 0, problem: error.message });

const withAnyTest = (counts) =>
  counts.passed + counts.failed > 0 ? counts : { ...counts, failed: 1, problem: 'no test ran' };

const add = (sum, row) => ({
  name: sum.name,
  passed: sum.passed + row.passed,
  failed: sum.failed + row.failed,
  skipped: sum.skipped + row.skipped,
  seconds: sum.seconds + row.seconds,
});

function printTable(rows) {
  const columns = ['passed', 'failed', 'skipped', 'seconds'];
  const width = Math.max(...rows.map(({ name }) => name.length));
  const line = (name, cells) =>
    console.log(name.padEnd(width) + cells.map((cell) => cell.padStart(9)).join(''));
  console.log();
  line('suite', columns);
  for (const row of rows)
    line(
      row.name,
      columns.map((column) => String(Math.round(row[column]))),
    );
  console.log();
}
