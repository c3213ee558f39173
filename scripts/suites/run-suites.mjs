import process from 'node:process';

// Suites that wait more than they use the processor: two together take little longer than one.
const mostAtOnce = 2;

/**
 * Runs suites one after the other. A suite is { name, run(write) }, and `run` resolves to { passed, failed, skipped }.
 * Adjacent suites that are marked `together` run at the same time, and their output is shown when they have ended.
 * Prints a table and, as the last line, the totals. A suite fails if it throws or if none of its tests ran.
 */
export async function runSuites(suites) {
  const rows = [];
  for (const group of groupsOf(suites)) rows.push(...(await runGroup(group)));
  const total = rows.reduce(add, { name: 'all', passed: 0, failed: 0, skipped: 0, seconds: 0 });
  printTable([...rows, total]);
  for (const { name, problem } of rows) if (problem) console.log(`${name}: ${problem}`);
  console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
  if (total.failed > 0) process.exitCode = 1;
}

function groupsOf(suites) {
  const groups = [];
  for (const suite of suites) {
    const last = groups.at(-1);
    const joins = suite.together && last?.[0].together && last.length < mostAtOnce;
    if (joins) last.push(suite);
    else groups.push([suite]);
  }
  return groups;
}

const runGroup = (group) =>
  Promise.all(group.length === 1 ? [runSuite(group[0])] : group.map((suite) => runAside(suite)));
const write = (text) => process.stdout.write(text);

async function runSuite({ name, run }, show = write) {
  show(`\n== ${name}\n`);
  const start = performance.now();
  const result = await run(show).then(withAnyTest, failure);
  return { name, ...result, seconds: (performance.now() - start) / 1000 };
}

async function runAside(suite) {
  const texts = [];
  const row = await runSuite(suite, (text) => texts.push(text));
  write(texts.join(''));
  return row;
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
