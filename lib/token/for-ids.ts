import type { TokenId } from '../../types/native';
import { native } from '../internal/binding';
import {
  validateArray,
  validateBoolean,
  validateInteger,
  validateOptions,
  wrongValue,
} from '../internal/validate';

/**
 * A Linux user by numbers.
 *
 * @example
 * const options: ForIdsOptions = { uid: 20_001, gid: 20_001, groups: [30_000] };
 */
export interface ForIdsOptions {
  /** The user: 1 to 4,294,967,294; 0 only with `allowRoot`. */
  uid: number;
  /** The primary group: 0 to 4,294,967,294. */
  gid: number;
  /** The supplementary groups, at most 65,536; none by default. */
  groups?: readonly number[];
  /** Whether `uid` may be 0, which keeps the process's capabilities; false by default. */
  allowRoot?: boolean;
}

/** The next id, 4294967295, means "unchanged" to the system calls. */
const highestId = 0xffff_fffe;
const mostGroups = 65_536;

/** Implements `Token.forIds`. */
export function forIds(options: ForIdsOptions): TokenId {
  validateOptions(options, 'options', ['uid', 'gid', 'groups', 'allowRoot']);
  const {
    uid,
    gid,
    groups = [],
    allowRoot = false,
  } = options as Partial<Record<keyof ForIdsOptions, unknown>>;
  validateInteger(uid, 'options.uid', 0, highestId);
  validateInteger(gid, 'options.gid', 0, highestId);
  validateArray(groups, 'options.groups');
  if (groups.length > mostGroups)
    throw wrongValue('options.groups', `must have at most ${mostGroups} groups`);
  const list = Uint32Array.from(groups, (group, index) => {
    validateInteger(group, `options.groups[${index}]`, 0, highestId);
    return group;
  });
  validateBoolean(allowRoot, 'options.allowRoot');
  if (uid === 0 && !allowRoot) throw wrongValue('options.uid', 'must not be 0 without { allowRoot: true }');
  return native.tokenForIds(uid, gid, list);
}
