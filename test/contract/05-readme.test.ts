import { join } from 'node:path';
import { type ChildResult, runProgram } from '../support/children/child';
import { isWindows } from '../support/children/programs';
import { commandsOf, runCommandLine } from '../support/examples/commands';
import { type Outside, startOutside } from '../support/examples/outside';
import {
  type Fence,
  fences,
  isForThisSystem,
  isProgram,
  isShell,
  shownLanguages,
} from '../support/examples/pages';
import { printsOf, responsesOf, runExample } from '../support/examples/programs';
import { describeSwitching } from '../support/world/acting';

const placed = (chosen: readonly Fence[]): [string, Fence][] => chosen.map((fence) => [fence.place, fence]);
const here = fences.filter(isForThisSystem);
const needsOutside = ({ source }: Fence): boolean => /\bNegotiate(?:Server|Client)\b/.test(source);
const noKerberos = isWindows ? undefined : process.env.IMPERSONATE_TEST_KERBEROS_SKIP;

test('every fence is a program, a command, or in a language that is only shown', () => {
  const known = ['js', 'ts', 'sh', ...shownLanguages];
  const unknown = fences.filter(({ language }) => !known.includes(language));
  expect(unknown.map(({ place, language }) => `${place}: ${language}`)).toEqual([]);
});

test('what is only shown is no program that uses the package', () => {
  const shown = fences.filter((fence) => !isProgram(fence) && !isShell(fence));
  const programs = shown.filter(({ source }) => /(?:from|require\(|import\() ?'impersonate/.test(source));
  expect(programs.map(({ place }) => place)).toEqual([]);
});

test('no example has code that is there for this test', () => {
  // A pipe of Windows and a socket of Linux have paths of different forms.
  const mayDiffer = (page: string): boolean => page === 'docs/peers.md';
  const written = fences.filter(
    ({ source, page }) => source.includes('process.platform') && !mayDiffer(page),
  );
  expect(written.map(({ place }) => place)).toEqual([]);
});

/** What equals these lines, in which `…` stands for any text. */
function matching(lines: readonly string[]): unknown {
  const text = lines.join('\n');
  const parts = text.split('…').map((part) => part.replace(/[^\w\s]/g, '\\$&'));
  return parts.length === 1 ? text : expect.stringMatching(new RegExp(`^${parts.join('.*')}$`));
}

/** Starts all tasks, two at a time, and returns their results in the same order. */
function startAll<T>(tasks: readonly (() => Promise<T>)[]): Promise<T>[] {
  const lanes: Promise<unknown>[] = [Promise.resolve(), Promise.resolve()];
  return tasks.map((task, index) => {
    const lane = index % lanes.length;
    const result = (lanes[lane] ?? Promise.resolve()).then(task);
    lanes[lane] = result.catch(() => {});
    return result;
  });
}

describeSwitching('the programs of the README and the documentation', () => {
  const programs = here.filter(isProgram);
  const skipped = noKerberos === undefined ? [] : programs.filter(needsOutside);
  const run = programs
    .filter((fence) => !skipped.includes(fence))
    // Those that wait for the KDC are the last.
    .sort((one, other) => Number(needsOutside(one)) - Number(needsOutside(other)));
  let outside: Promise<Outside> | undefined;
  let outcomes: Promise<ChildResult>[] = [];

  beforeAll(() => {
    if (run.some(needsOutside)) outside = startOutside();
    outcomes = startAll(
      run.map((fence) => async () => runExample(fence, needsOutside(fence) ? await outside : undefined)),
    );
  });
  afterAll(async () => {
    await Promise.allSettled(outcomes);
    await (await outside)?.stop();
  });

  test.each(placed(run))('%s prints and responds what it promises', async (_place, fence) => {
    const { source } = fence;
    const responses = responsesOf(source).map(({ line }) => line);
    const stdout = matching([...printsOf(source), ...responses]);
    expect(await outcomes[run.indexOf(fence)]).toEqual({ code: 0, signal: null, stdout, stderr: '' });
  });
  if (skipped.length > 0) test.skip.each(placed(skipped))(`%s (skipped: ${String(noKerberos)})`, () => {});
});

describeSwitching('the commands of the README and the documentation', () => {
  const commands = here
    .filter(isShell)
    .flatMap((fence) => commandsOf(fence).map((command) => ({ place: fence.place, ...command })));
  let outcomes: Promise<ChildResult>[] = [];

  beforeAll(() => {
    outcomes = startAll(commands.map((command) => () => runCommandLine(command)));
  });
  afterAll(() => Promise.allSettled(outcomes));

  test.each(
    commands.map((command, index) => [`${command.place}: ${command.words.join(' ')}`, index] as const),
  )('%s', async (_name, index) => {
    const { stdout, ...rest } = (await outcomes[index]) ?? { stdout: '' };
    const prints = commands[index]?.prints ?? [];
    expect(rest).toEqual({ code: 0, signal: null, stderr: '' });
    expect(stdout).toEqual(prints.length > 0 ? matching(prints) : expect.stringMatching(/./));
  });
});

test('require and import of the package give the same classes', async () => {
  const { code, stdout } = await runProgram(join(__dirname, 'programs', 'both-modules.js'));
  expect({ code, stdout }).toEqual({
    code: 0,
    stdout: 'the same\n',
  });
});
