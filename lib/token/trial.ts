import { native } from '../internal/binding';
import { ImpersonationError } from '../internal/error';
import { asProcess } from '../internal/flow-store';
import { originals } from '../fs/node-fs';

/**
 * A line of /proc/self/uid_map or gid_map: `count` ids from `inside` on are the ids from `outside` on of the parent.
 *
 * @example
 * const inside = ({ inside, count }: IdRange, id: number) => id >= inside && id < inside + count;
 */
export interface IdRange {
  /** The first id, as the process sees it. */
  readonly inside: number;
  /** The same id in the parent's user namespace. */
  readonly outside: number;
  /** How many ids follow each other. */
  readonly count: number;
}

/** Returns the uids or gids that the user namespace maps; all of them on a kernel without user namespaces. */
export function mappedIds(kind: 'uid' | 'gid'): readonly IdRange[] {
  let text: string;
  try {
    text = originals.readFileSync(`/proc/self/${kind}_map`, 'latin1');
  } catch {
    return [{ inside: 0, outside: 0, count: 0xffff_ffff }];
  }
  return text
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
    .filter((numbers) => numbers.length === 3)
    .map(([inside = 0, outside = 0, count = 0]) => ({ inside, outside, count }));
}

/** The id of the unprivileged account `nobody` on every distribution. */
const overflowId = 65_534;

/** Returns ids other than 0 to try, the most usual first. The last of a range may be the reserved uid. */
function idsToTry(kind: 'uid' | 'gid'): number[] {
  const ranges = mappedIds(kind);
  const isMapped = (id: number): boolean =>
    ranges.some(({ inside, count }) => inside <= id && id < inside + count);
  const ends = ranges.flatMap(({ inside, count }) => [inside + count - 1, inside + count - 2]);
  return [overflowId, ...ends].filter((id) => id > 0 && isMapped(id));
}

/** The ids of another user for a trial. An unmapped id fails as it does for every user. */
export interface TrialIds {
  readonly uid: number;
  readonly gid: number;
}

function switchTo({ uid, gid }: TrialIds): ImpersonationError | undefined {
  const token = native.tokenForIds(uid, gid, new Uint32Array());
  try {
    native.runSync(token, () => {});
    return undefined;
  } catch (error) {
    return error as ImpersonationError;
  } finally {
    native.closeToken(token);
  }
}

/** Acts as another user for a moment: the ids of that user, or the error. Linux. */
export function tryOtherUser(): TrialIds | ImpersonationError {
  return asProcess(() => {
    const [gid = overflowId] = idsToTry('gid');
    let failure: ImpersonationError | undefined;
    for (const uid of [...idsToTry('uid'), overflowId]) {
      const error = switchTo({ uid, gid });
      if (!error) return { uid, gid };
      failure ??= error;
      // It is the reserved one.
      if (error.code !== 'ERR_INVALID_IDENTITY') break;
    }
    return failure as ImpersonationError;
  });
}

/**
 * Whether the process holds a privilege, and has it enabled.
 *
 * @example
 * const states: Record<string, PrivilegeState> = { SeImpersonatePrivilege: 'enabled', SeTcbPrivilege: 'missing' };
 */
export type PrivilegeState = 'enabled' | 'disabled' | 'missing';

/** Returns the state of a privilege of the process. Windows. */
export function processPrivilege(name: string): PrivilegeState {
  const held = native.describeProcess().privileges.find((privilege) => privilege.name === name);
  if (held === undefined) return 'missing';
  return held.enabled ? 'enabled' : 'disabled';
}

/** Implements `Token.canImpersonate()`. */
export function canImpersonate(): boolean {
  if (native.port === 'win32') return processPrivilege('SeImpersonatePrivilege') === 'enabled';
  return native.port === 'linux' && !(tryOtherUser() instanceof ImpersonationError);
}
