import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { runProgram, runSource, type ChildResult } from '../support/children/child';
import { endWithoutProgress } from '../support/children/progress';
import { tempFolder } from '../support/folders';
import { root } from '../support/paths';
import { seam } from '../support/win32/seam';

const script = join(root, 'scripts', 'verify-windows.mjs');
const prefixOfPasswords = 'aA1!';

interface Row {
  readonly item: string;
  readonly check: string;
  readonly result: string;
  readonly evidence: string;
}

const run = (home: string, ...args: string[]): Promise<ChildResult> =>
  runProgram(script, { args: ['--rehearse', '--home', home, ...args] });

const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

const accountsIn = (home: string): Record<string, unknown> =>
  JSON.parse(readFileSync(join(home, 'accounts.json'), 'utf8')) as Record<string, unknown>;

const journalsIn = (home: string): string[] => readdirSync(home).filter((name) => name.endsWith('.journal'));

/** What a run must not leave: everything but the empty table of the accounts, which stands for Windows. */
function expectNothingLeft(home: string): void {
  expect(readdirSync(home)).toEqual(['accounts.json']);
  expect(accountsIn(home)).toEqual({});
}

/** Starts a run and resolves when it has printed its first result. */
async function begun(home: string, report: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, [script, '--rehearse', '--home', home, '--report', report], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  endWithoutProgress(child, 120_000);
  let text = '';
  for await (const part of child.stdout.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
    text += part as string;
    if (/^files +\w/m.test(text)) return child;
  }
  throw new Error(`the run has ended: ${text}`);
}

function journal(home: string, entries: readonly { kind: string; name: string }[]): void {
  mkdirSync(home, { recursive: true });
  writeFileSync(join(home, 'run-1.journal'), entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
}

// On Windows itself `npm run verify:windows` is not rehearsed.
(seam().isWine() ? describe : describe.skip)('the rehearsal of npm run verify:windows', () => {
  test('runs every check, verifies nothing, and leaves nothing', async () => {
    const home = join(tempFolder('verify'), 'home');
    const file = join(tempFolder('report'), 'report.json');
    const { code, stdout, stderr } = await run(home, '--report', file);
    const { title, rows } = JSON.parse(readFileSync(file, 'utf8')) as { title: string; rows: Row[] };
    expect(rows.filter(({ result }) => result === 'failed')).toEqual([]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(title).toBe('REHEARSAL under Wine: nothing here is verified');
    expect(stdout).toContain(title);
    expect([...new Set(rows.map(({ result }) => result))].sort()).toEqual(['not shown', 'rehearsed']);
    expect(rows.every(({ check, evidence }) => check !== '' && evidence !== '')).toBe(true);
    const shown = new Set(rows.filter(({ result }) => result === 'rehearsed').map(({ item }) => item));
    const rehearsed = 'files logons s4u negotiate delegation levels anonymous tokens programs pipe levels';
    expect([...shown].join(' ')).toBe(rehearsed);
    expectNothingLeft(home);
    expect(stdout + readFileSync(file, 'utf8')).not.toContain(prefixOfPasswords);
  });

  test.each([
    ['--clean', ['--clean']],
    ['the next run', ['--only', 'shares', '--report', 'unused.md']],
  ])('what a killed run leaves is removed by %s', async (_name, args) => {
    const home = join(tempFolder('verify'), 'home');
    const report = join(tempFolder('report'), 'report.md');
    const child = await begun(home, report);
    const second = await run(home, '--clean');
    expect(second.code).toBe(2);
    expect(second.stderr).toContain('in progress');
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
    expect(Object.keys(accountsIn(home))).toHaveLength(2);
    expect(journalsIn(home)).toHaveLength(1);
    const left = filesIn(home);
    expect(left.length).toBeGreaterThan(3);
    for (const file of left) expect(readFileSync(file, 'utf8')).not.toContain(prefixOfPasswords);
    expect(readFileSync(report, 'utf8')).toMatch(/^# REHEARSAL .*\(the run has not ended\)$/m);
    const { code, stdout } = await run(home, ...args.map((arg) => arg.replace('unused.md', report)));
    expect(code).toBe(0);
    expect(stdout.match(/^removed user imp-verify-\w+-[ab]$/gm)?.length).toBeGreaterThanOrEqual(2);
    expect(stdout).toMatch(/^removed folder /m);
    expectNothingLeft(home);
    const isRun = args.length > 1;
    expect(isRun && readFileSync(report, 'utf8').includes('| shares | not shown |')).toBe(isRun);
  });

  test('each user and folder is in the journal before it is made', async () => {
    const home = join(tempFolder('verify'), 'home');
    const { code, stdout, stderr } = await runSource(
      `import fs from 'node:fs';
      import path from 'node:path';
      import { makeUsers } from ${JSON.stringify(pathToFileURL(join(root, 'scripts', 'verify', 'users.mjs')).href)};
      const home = ${JSON.stringify(home)};
      const recorded = (name) => fs.readdirSync(home).filter((one) => one.endsWith('.journal'))
        .some((one) => fs.readFileSync(path.join(home, one), 'utf8').includes(JSON.stringify(name)));
      const made = [];
      const machine = {
        findAccount: () => ({ sid: 'S-1-5-21-1-2-3-4' }),
        createAccount: (name) => { made.push(recorded(name)); },
        setAccess: (target) => { if (path.dirname(target) === home) made.push(recorded(target)); },
      };
      makeUsers({ machine, home, service: 'S-1-5-18' });
      console.log(made.join());`,
      {},
      'module',
    );
    expect({ code, stdout: stdout.trim(), stderr }).toEqual({
      code: 0,
      stdout: 'true,true,true,true',
      stderr: '',
    });
  });

  test('nothing is removed that it has not made', async () => {
    const home = join(tempFolder('verify'), 'home');
    const folder = tempFolder('other');
    const comment = 'Throw-away user of impersonate, npm run verify:windows';
    const others = { 'imp-verify-0123ab-a': 'of an administrator', Administrator: comment };
    journal(home, [
      { kind: 'user', name: 'imp-verify-0123ab-b' }, // recorded, and never made
      ...Object.keys(others).map((name) => ({ kind: 'user', name })),
      { kind: 'folder', name: folder },
    ]);
    const accounts = Object.fromEntries(
      Object.entries(others).map(([name, text]) => [name, { sid: 'S-1-5-21-1-2-3-4', comment: text }]),
    );
    writeFileSync(join(home, 'accounts.json'), JSON.stringify(accounts));
    const { code, stderr } = await run(home, '--clean');
    expect(code).toBe(1);
    expect(stderr.match(/^NOT REMOVED (?:user|folder) /gm)).toHaveLength(3);
    expect(accountsIn(home)).toEqual(accounts);
    expect(existsSync(folder)).toBe(true);
    expect(journalsIn(home)).toHaveLength(1);
  });
});

test('Wine never verifies', async () => {
  if (!seam().isWine()) return;
  const { code, stderr } = await runProgram(script, { args: ['--home', tempFolder('verify')] });
  expect({ code, stderr: stderr.trim() }).toEqual({
    code: 2,
    stderr: 'Wine can only rehearse: use --rehearse',
  });
});
