import type { NativeRestrictions } from '../../types/native';
import { principalId, type Principal } from './principal';
import { validateArray, validateOptions, validateString, wrongValue } from '../internal/validate';

/**
 * A flag of `CreateRestrictedToken`, in camel case.
 *
 * @example
 * const flag: RestrictFlag = 'disableMaxPrivilege';
 */
export type RestrictFlag = 'disableMaxPrivilege' | 'sandboxInert' | 'luaToken' | 'writeRestricted';
/**
 * The mandatory integrity levels, lowest first.
 *
 * @example
 * const integrity: IntegrityLevel = 'low';
 */
export type IntegrityLevel = 'untrusted' | 'low' | 'medium' | 'high' | 'system';

/**
 * What `token.restrict` removes; at least one.
 *
 * @example
 * const options: RestrictOptions =
 *   process.platform === 'win32' ? { integrity: 'low', flags: ['disableMaxPrivilege'] } : { dropGroups: true };
 * using lower = token.restrict(options);
 */
export interface RestrictOptions {
  /** SIDs that can only deny access in the new token. Windows. */
  denyOnly?: readonly (string | Principal)[];
  /** Win32 privileges, or Linux capabilities, by name. */
  removePrivileges?: readonly string[];
  /** Supplementary groups by gid, or all of them. Linux. */
  dropGroups?: true | readonly (string | number | Principal)[];
  /** SIDs that must be granted the access as well. Windows. */
  restrictingSids?: readonly (string | Principal)[];
  /**
   * `disableMaxPrivilege` removes every privilege but SeChangeNotifyPrivilege. `luaToken` makes the filtered token of
   * an administrator, as UAC does. `writeRestricted` checks `restrictingSids` for write access only. `sandboxInert`
   * removes nothing and exempts from AppLocker. Windows.
   */
  flags?: readonly RestrictFlag[];
  /** The mandatory integrity level of the new token (SetTokenInformation). The system rejects a higher one. Windows. */
  integrity?: IntegrityLevel;
}

const flagNames: readonly RestrictFlag[] = [
  'disableMaxPrivilege',
  'sandboxInert',
  'luaToken',
  'writeRestricted',
];
const integrityLevels: readonly IntegrityLevel[] = ['untrusted', 'low', 'medium', 'high', 'system'];
const keys = [
  'denyOnly',
  'removePrivileges',
  'dropGroups',
  'restrictingSids',
  'flags',
  'integrity',
] as const satisfies readonly (keyof RestrictOptions)[];

function ids(value: unknown, argument: string, numbers = false): string[] {
  if (value === undefined) return [];
  validateArray(value, argument);
  return value.map((item, index) => principalId(item, `${argument}[${index}]`, numbers));
}

function names(value: unknown, argument: string): string[] {
  if (value === undefined) return [];
  validateArray(value, argument);
  return value.map((item, index) => {
    validateString(item, `${argument}[${index}]`);
    return item;
  });
}

function oneOf<T extends string>(value: unknown, argument: string, known: readonly T[]): T {
  validateString(value, argument);
  if (!(known as readonly string[]).includes(value))
    throw wrongValue(argument, `must be one of: ${known.join(', ')}`);
  return value as T;
}

function toFlags(value: unknown): RestrictFlag[] {
  return names(value, 'options.flags').map((name, index) =>
    oneOf(name, `options.flags[${index}]`, flagNames),
  );
}

export function toRestrictions(options: unknown): NativeRestrictions {
  validateOptions(options, 'options', keys);
  const { denyOnly, removePrivileges, dropGroups, integrity } = options;
  if (keys.every((key) => options[key] === undefined)) {
    throw wrongValue('options', `must have at least one of: ${keys.join(', ')}`);
  }
  const restrictingSids = ids(options.restrictingSids, 'options.restrictingSids');
  const flags = toFlags(options.flags);
  if (flags.includes('writeRestricted') && restrictingSids.length === 0) {
    throw wrongValue('options.flags', 'must not have writeRestricted without restrictingSids');
  }
  return {
    denyOnly: ids(denyOnly, 'options.denyOnly'),
    removePrivileges: names(removePrivileges, 'options.removePrivileges'),
    dropAllGroups: dropGroups === true,
    dropGroups: dropGroups === true ? [] : ids(dropGroups, 'options.dropGroups', true),
    restrictingSids,
    flags,
    integrity: integrity === undefined ? '' : oneOf(integrity, 'options.integrity', integrityLevels),
  };
}
