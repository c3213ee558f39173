import {
  chmodSync,
  chownSync,
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type LogonOptions, Token } from 'impersonate/unrouted';
import { probe } from '../linux/probe';
import { nodeFs } from '../linux/node-fs';
import { threadStatus, type ThreadStatus } from '../linux/thread-status';
import { tempFolder } from '../folders';
import type { Identity, World } from './world';

interface LinuxIdentity extends Identity {
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
}

const entries = (file: string): string[][] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => line.split(':'));

/** The passwords of scripts/linux-users/accounts.mjs; alice's occurs nowhere else in memory. */
const passwords = {
  alice: 'a-password-of-alice-which-is-like-nothing-else-in-memory-Zq7rKw2Vn9Xb4Tg8Lm3Pd6Hs',
  bob: 'a-password-of-bob-Yc5Jf1Qe',
} as const;
const service = 'impersonate';

/** Reads the account from the files themselves, to compare the product's look-up with. */
function identity(key: 'alice' | 'bob', ownGroup: string): LinuxIdentity {
  const name = `imp-${key}`;
  const password = passwords[key];
  const logon = (changes?: Partial<LogonOptions>): LogonOptions => ({
    user: name,
    password,
    service,
    ...changes,
  });
  const user = entries('/etc/passwd').find((entry) => entry[0] === name);
  const groups = entries('/etc/group');
  const group = groups.find((entry) => entry[0] === ownGroup)?.[2];
  if (user === undefined || group === undefined) {
    const none = { id: '-', group: '-', uid: NaN, gid: NaN, groups: [] };
    return { key, name, password, logon, ...none, token: () => missing(name) };
  }
  const supplementary = groups
    .filter((entry) => entry[3]?.split(',').includes(name))
    .map((entry) => Number(entry[2]));
  return {
    key,
    name,
    password,
    logon,
    id: String(user[2]),
    group,
    uid: Number(user[2]),
    gid: Number(user[3]),
    groups: [Number(user[3]), ...supplementary],
    token: () => Token.forUser(name),
  };
}

function missing(name: string): never {
  throw new Error(`no user ${name}: run the tests with scripts/test-linux.mjs, which makes the users`);
}

const alice = identity('alice', 'imp-staff');
const bob = identity('bob', 'imp-sales');

/** One folder for a test and the processes it starts. */
function makeFolder(): string {
  const inherited = process.env.IMPERSONATE_TEST_WORLD;
  if (inherited !== undefined && existsSync(inherited)) return inherited;
  const folder = tempFolder('world');
  writeFileSync(join(folder, 'service'), 'of the service', { mode: 0o600 });
  for (const who of [alice, bob]) {
    if (Number.isNaN(who.uid)) continue;
    const file = join(folder, who.key);
    writeFileSync(file, `of ${who.key}`);
    chmodSync(file, 0o600);
    chownSync(file, who.uid, who.gid);
  }
  process.env.IMPERSONATE_TEST_WORLD = folder;
  return folder;
}

const folder = makeFolder();
/** The path of the file that only this identity may open. */
export const fileOf = (who: Identity | 'service'): string =>
  join(folder, typeof who === 'string' ? who : who.key);

function canRead(path: string): boolean {
  try {
    nodeFs.closeSync(nodeFs.openSync(path, 'r'));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EACCES') return false;
    throw error;
  }
}

const whoAmI = (): string => String(process.geteuid?.());

let beforeForeign: ThreadStatus | undefined;

function must(error: number): void {
  if (error !== 0) throw new Error(`the probe failed with errno ${String(error)}`);
}

function putForeign(who: Identity): void {
  const { uid, gid, groups } = who as LinuxIdentity;
  beforeForeign = threadStatus();
  must(probe().setGroups([...groups]));
  must(probe().setGroupIds(gid, gid, -1));
  must(probe().setUserIds(uid, uid, -1));
}

function removeForeign(): void {
  if (beforeForeign === undefined) return;
  const [ruid = -1, euid = -1, suid = -1] = beforeForeign.uids;
  const [rgid = -1, egid = -1, sgid = -1] = beforeForeign.gids;
  must(probe().setUserIds(ruid, euid, suid));
  must(probe().setGroupIds(rgid, egid, sgid));
  must(probe().setGroups([...beforeForeign.groups]));
  beforeForeign = undefined;
}

export const world: World & { readonly alice: LinuxIdentity; readonly bob: LinuxIdentity } = {
  alice,
  bob,
  serviceId: whoAmI(),
  canOpen: (who) => canRead(fileOf(who)),
  canOpenService: () => canRead(fileOf('service')),
  whoAmI,
  putForeign,
  removeForeign,
  own(path, who) {
    chmodSync(path, statSync(path).isDirectory() ? 0o700 : 0o600);
    const { uid, gid } =
      who === 'service'
        ? { uid: Number(whoAmI()), gid: Number(process.getegid?.()) }
        : (who as LinuxIdentity);
    chownSync(path, uid, gid);
  },
  handleCount: () => readdirSync('/proc/self/fd').length + readdirSync('/proc/self/task').length,
};
