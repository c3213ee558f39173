import { InvalidArguments } from '../fs/invalid';
import { startJob } from '../fs/job';
import { toId, toInt32, toMode, toSeconds } from '../fs/parse';
import { refusal } from '../fs/node-internals/refusal';
import type { Identity } from '../flow/identity';

type Change = (identity: Identity, fd: number, ...args: unknown[]) => Promise<void>;

// More than any process may open: node's functions refuse arguments before they come to it.
const noDescriptor = 0x7fff_ffff;

/** What the system allows by who asks, however the descriptor was opened. */
const changes: Readonly<Record<string, Change>> = {
  fchmod: (identity, fd, mode) => startJob(identity, 'fchmod', fd, toMode(mode)),
  fchown: (identity, fd, uid, gid) => startJob(identity, 'fchown', fd, toId(uid), toId(gid)),
  futimes: (identity, fd, atime, mtime) =>
    startJob(identity, 'futime', fd, toSeconds(atime), toSeconds(mtime)),
};

const arities: Readonly<Record<string, number>> = { fchmod: 2, fchown: 3, futimes: 3 };

function guarded(name: string, change: Change): (identity: Identity, ...args: unknown[]) => Promise<void> {
  return (identity, given, ...args) => {
    let fd = given;
    try {
      const valid = toInt32(given, 0);
      fd = noDescriptor;
      return change(identity, valid, ...args);
    } catch (error) {
      throw error instanceof InvalidArguments ? refusal(name, 0, arities[name] ?? 0, [fd, ...args]) : error;
    }
  };
}

/** fchmod(), fchown() and futimes() as an identity; invalid arguments are thrown at once. */
export const descriptorOperations: Readonly<
  Record<string, (identity: Identity, ...args: unknown[]) => Promise<void>>
> = Object.fromEntries(Object.entries(changes).map(([name, change]) => [name, guarded(name, change)]));
