// node scripts/verify-windows.mjs [--report FILE] [--only ITEM]... [--no-build] [--clean] [--rehearse] [--home FOLDER]
// Verifies on a real Windows what the tests under Wine cannot show: the items of "Unverified on Windows" in docs/verification.md and
// docs/peers.md. It makes two local users and removes them, so it needs an elevated administrator. --clean only removes
// what a killed run has left. --no-build uses what is built. --rehearse runs the same under Wine, with a test authority, and verifies nothing. --home is
// where its files are; only the administrator's account may write there. Ends with 1 if an item failed, 2 if it cannot
// run.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { runCheck } from './verify/check.mjs';
import { items } from './verify/items.mjs';
import { openMachine, seamFile } from './verify/machine.mjs';
import { Report } from './verify/report.mjs';
import { makeUsers, removeAll } from './verify/users.mjs';

// A program that only Wine has in its system folder.
const winesOwn = path.join(process.env.SystemRoot ?? '', 'system32', 'winecfg.exe');

class CannotRun extends Error {}

function readCommandLine() {
  const text = { type: 'string' };
  const flag = { type: 'boolean', default: false };
  const flags = { 'no-build': flag, clean: flag, rehearse: flag };
  const options = { ...flags, report: text, only: { ...text, multiple: true }, home: text };
  const { values } = parseArgs({ options });
  const unknown = (values.only ?? []).filter((name) => !items.some((item) => item.name === name));
  if (unknown.length > 0) throw new CannotRun(`No such item: ${unknown.join(', ')}`);
  const home = path.resolve(values.home ?? path.join(process.env.LOCALAPPDATA ?? '.', 'impersonate-verify'));
  return { ...values, home, rehearsal: values.rehearse };
}

async function build() {
  const { buildPackage } = await import('./suites/build.mjs');
  const { npmScript } = await import('./suites/npm-script.mjs');
  buildPackage();
  npmScript('build:win32');
}

/** Only one run at a time: another one's users are no leftovers. The object is gone when the process ends. */
function lock(seam, home, service) {
  const name = createHash('sha256').update(home.toLowerCase()).digest('hex').slice(0, 16);
  try {
    seam.createObject(`Global\\impersonate-verify-${name}`, `D:(A;;GA;;;${service})`);
  } catch (error) {
    throw new CannotRun(`Another run of this command is in progress (${error.syscall}: ${error.errno})`);
  }
}

function requireAdministrator({ product: { Token } }) {
  const administrators = 'S-1-5-32-544';
  const self = Token.process();
  try {
    if (self.groups.some(({ id }) => id === administrators)) return self.user.id;
    throw new CannotRun('This must run elevated, by an administrator ("Run as administrator")');
  } finally {
    self.close();
  }
}

/** Removes everything and returns whether that succeeded. */
function clean(machine, home) {
  const { removed, problems } = removeAll({ machine, home });
  for (const what of removed) console.log(`removed ${what}`);
  for (const problem of problems) console.error(`NOT REMOVED ${problem}`);
  return problems.length === 0;
}

async function verify(world, { only, report: file }) {
  const report = new Report(world);
  console.log(`\n${report.heading}\n${report.machine}\n`);
  for (const { name: item, checks } of items.filter(({ name }) => only?.includes(name) ?? true)) {
    for (const check of checks) {
      const line = report.add({ item, check: check.what, ...(await runCheck(check, world)) });
      if (file !== undefined) report.write(file);
      console.log(line);
    }
  }
  report.complete = true;
  if (file !== undefined) report.write(file);
  console.log(`\n${report.title}: ${report.summary}`);
  return !report.failed;
}

async function main() {
  const options = readCommandLine();
  const { home, rehearsal } = options;
  if (process.platform !== 'win32') {
    throw new CannotRun(
      'This needs Windows. A rehearsal under Wine: node scripts/run-win32.mjs scripts/verify-windows.mjs --rehearse',
    );
  }
  if (!rehearsal && existsSync(winesOwn)) throw new CannotRun('Wine can only rehearse: use --rehearse');
  const isBuilt = options['no-build'] || (options.clean && existsSync(seamFile));
  if (!rehearsal && !isBuilt) await build();
  const machine = await openMachine({ rehearsal, home });
  const service = requireAdministrator(machine);
  lock(machine.seam, home, service);
  if (!clean(machine, home)) return 1;
  if (options.clean) return 0;
  process.once('SIGINT', () => process.exit(clean(machine, home) ? 130 : 1));
  let succeeded = false;
  try {
    const users = makeUsers({ machine, home, service });
    succeeded = await verify({ ...machine, ...users, machine, home, service }, options);
    for (const { password } of [users.alice, users.bob]) password.fill(0);
  } finally {
    succeeded = clean(machine, home) && succeeded;
  }
  return succeeded ? 0 : 1;
}

main().then(
  (code) => process.exit(code),
  (error) => {
    console.error(
      error instanceof CannotRun || error.code?.startsWith('ERR_PARSE_ARGS') ? error.message : error,
    );
    process.exit(2);
  },
);
