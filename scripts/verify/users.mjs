import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Journal } from './journal.mjs';

const prefix = 'imp-verify-';
/** The comment of the accounts. An account with another comment is never removed. */
export const comment = 'Throw-away user of impersonate, npm run verify:windows';
const userName = /^imp-verify-[\da-f]{6}-[ab]$/;
const folderName = /^run-[\da-f]{6}$/;

/** A password that satisfies every policy for complexity. It is in memory only, and wiped at the end. */
function newPassword() {
  return Buffer.from(`aA1!${randomBytes(24).toString('base64url')}`);
}

function makeUser(machine, journal, name) {
  const password = newPassword();
  journal.record('user', name);
  machine.createAccount(name, comment, password);
  const { sid } = machine.findAccount(name);
  return { name, sid, password };
}

/** An access list for the process's user, SYSTEM and the administrators, and with `rights` for `sids`. It is inherited. */
function accessOf(service, sids, rights = 'FA') {
  const always = [service, 'SY', 'BA'].map((sid) => `(A;OICI;FA;;;${sid})`);
  return `D:P${always.join('')}${sids.map((sid) => `(A;OICI;${rights};;;${sid})`).join('')}`;
}

/**
 * Makes two users and a folder in which each has a folder with a file, and the process another. Returns
 * { alice, bob, folder, paths }.
 */
export function makeUsers({ machine, home, service }) {
  const run = randomBytes(3).toString('hex');
  const journal = Journal.start(home, `run-${run}`);
  const folder = path.join(home, `run-${run}`);
  journal.record('folder', folder);
  mkdirSync(folder);
  machine.setAccess(folder, accessOf(service, []));
  const alice = makeUser(machine, journal, `${prefix}${run}-a`);
  const bob = makeUser(machine, journal, `${prefix}${run}-b`);
  machine.setAccess(folder, accessOf(service, [alice.sid, bob.sid], '0x1200a9'));
  const paths = {};
  for (const [owner, sids] of [
    ['alice', [alice.sid]],
    ['bob', [bob.sid]],
    ['service', []],
  ]) {
    const own = path.join(folder, owner);
    mkdirSync(own);
    machine.setAccess(own, accessOf(service, sids));
    paths[owner] = path.join(own, 'file.txt');
    writeFileSync(paths[owner], `of ${owner}`);
  }
  return { alice, bob, folder, paths };
}

function removeUser(machine, name) {
  if (!userName.test(name)) throw new Error(`${name} is no name of a user of this command`);
  const account = machine.findAccount(name);
  if (account === null) return false;
  if (account.comment !== comment) throw new Error(`the user ${name} has another comment, and is left`);
  try {
    machine.deleteProfile(account.sid);
  } finally {
    machine.deleteAccount(name);
  }
  return true;
}

function removeFolder(home, folder) {
  const isOurs = path.dirname(folder) === path.resolve(home) && folderName.test(path.basename(folder));
  if (!isOurs) throw new Error(`${folder} is no folder of this command`);
  if (!existsSync(folder)) return false;
  rmSync(folder, { recursive: true, maxRetries: 3 });
  return true;
}

/**
 * Removes what the journals in `home` list: users with their profiles, and folders. Returns { removed, problems }. A
 * journal with a problem is kept for the next time.
 */
export function removeAll({ machine, home }) {
  const removed = [];
  const problems = [];
  for (const journal of Journal.leftIn(home)) {
    const before = problems.length;
    for (const { kind, name } of journal.entries()) {
      try {
        const was = kind === 'user' ? removeUser(machine, name) : removeFolder(home, name);
        if (was) removed.push(`${kind} ${name}`);
      } catch (error) {
        problems.push(`${kind} ${name}: ${error.message}`);
      }
    }
    if (problems.length === before) journal.end();
  }
  return { removed, problems };
}
