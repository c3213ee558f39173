import { threadStatus, type ThreadStatus } from '../linux/thread-status';
import { world } from '../world/world';
import type { world as linuxWorld } from '../world/linux';
import type { Name, Owner } from './steps';

const isLinux = process.platform === 'linux';

/** The credentials of a thread that decide about access. Ids are real, effective, saved, file system. */
export interface Credentials {
  readonly uids: readonly number[];
  readonly gids: readonly number[];
  readonly groups: readonly number[];
  readonly capabilities: bigint;
}

const credentialsOf = ({ uids, gids, groups, capabilities }: ThreadStatus): Credentials => ({
  uids,
  gids,
  groups,
  capabilities: capabilities.effective,
});

/** The state of the calling thread; undefined on Windows, where `world.whoAmI` is enough. */
export const credentialsNow = (): Credentials | undefined =>
  isLinux ? credentialsOf(threadStatus()) : undefined;

/** The effective ids that a root process sets for a while, without rights. */
export const lowered = { uid: 60_123, gid: 60_124 } as const;

export const lower = ({ uids, gids, groups }: Credentials): Credentials => ({
  uids: [uids[0] ?? NaN, lowered.uid, uids[2] ?? NaN, lowered.uid],
  gids: [gids[0] ?? NaN, lowered.gid, gids[2] ?? NaN, lowered.gid],
  groups,
  capabilities: 0n,
});

const sorted = (ids: readonly number[]): number[] => [...new Set(ids)].sort((a, b) => a - b);

/** With `isUser`, the real ids and the saved gid are not compared: they do not decide about files. */
export function inText({ uids, gids, groups, capabilities }: Credentials, isUser: boolean): string {
  const [ruid = NaN, euid = NaN, suid = NaN, fsuid = NaN] = uids;
  const [rgid = NaN, egid = NaN, sgid = NaN, fsgid = NaN] = gids;
  const user = isUser ? ['*', euid, suid, fsuid] : [ruid, euid, suid, fsuid];
  const group = isUser ? ['*', egid, '*', fsgid] : [rgid, egid, sgid, fsgid];
  return `uids ${user.join()} gids ${group.join()} groups ${sorted(groups).join()} capabilities ${capabilities.toString(16)}`;
}

/** The expected state of a thread of this process that acts as that user; undefined is the process. */
export function expectedCredentials(base: Credentials, name: Name): Credentials {
  const as = (id: number, gid: number, groups: readonly number[]): Credentials => ({
    uids: [NaN, id, base.uids[2] ?? NaN, id],
    gids: [NaN, gid, NaN, gid],
    groups,
    capabilities: 0n,
  });
  const { alice, bob } = world as typeof linuxWorld;
  switch (name) {
    case 'alice':
      return as(alice.uid, alice.gid, alice.groups);
    case 'aliceWithLess':
      return as(alice.uid, alice.gid, []);
    case 'bob':
    case 'bobAgain':
      return as(bob.uid, bob.gid, bob.groups);
    case 'anonymous':
      return as(65_534, 65_534, []);
    case 'service':
      return base;
  }
}

/** The user's id by the kernel; undefined is the process. */
export function userOf(name: Name | undefined, base: Credentials | undefined): string {
  switch (name) {
    case 'alice':
    case 'aliceWithLess':
      return world.alice.id;
    case 'bob':
    case 'bobAgain':
      return world.bob.id;
    case 'anonymous':
      return isLinux ? '65534' : 'S-1-5-7';
    case 'service':
    case undefined:
      return base ? String(base.uids[1]) : world.serviceId;
  }
}

/** Whether it may open the file of `owner`; undefined if that depends on the machine, as root opens every file. */
export function mayOpen(
  name: Name | undefined,
  owner: Owner,
  base: Credentials | undefined,
): boolean | undefined {
  if (name === 'alice' || name === 'aliceWithLess') return owner === 'alice';
  if (name === 'bob' || name === 'bobAgain') return owner === 'bob';
  if (name === 'anonymous') return false;
  if (base?.uids[1] === lowered.uid) return false;
  return owner === 'service' ? true : undefined;
}
