import type { NativeRestrictions } from '../../types/native';
import { principalId, type Principal } from './principal';
import { validateArray, validateOptions, validateString, wrongValue } from '../internal/validate';

/** What `CreateRestrictedToken` is told besides: its flags in camel case. */
export type RestrictFlag = NativeRestrictions['flags'][number];
/** The mandatory integrity levels, lowest first. */
export type IntegrityLevel = Exclude<NativeRestrictions['integrity'], ''>;

/** What `token.restrict` takes away; at least one. */
export interface RestrictOptions {
  /** SIDs that may from now on only deny access. Windows. */
  denyOnly?: readonly (string | Principal)[];
  /** Win32 privileges, or Linux capabilities, by name. */
  removePrivileges?: readonly string[];
  /** Supplementary groups by gid, or all of them. Linux. */
  dropGroups?: true | readonly (string | number | Principal)[];
  /** Only what these SIDs are allowed too remains allowed. Windows. */
  restrictingSids?: readonly (string | Principal)[];
  /**
   * `disableMaxPrivilege` removes every privilege but SeChangeNotifyPrivilege, `luaToken` is what UAC gives an
   * administrator, `writeRestricted` asks `restrictingSids` for writing only; `sandboxInert` takes nothing away but
   * exempts from AppLocker. Windows.
   */
  flags?: readonly RestrictFlag[];
  /** What the token may change from now on (SetTokenInformation); raising it is the system's to refuse. Windows. */
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
    throw wrongValue('options', `must take something away: ${keys.join(', ')}`);
  }
  const restrictingSids = ids(options.restrictingSids, 'options.restrictingSids');
  const flags = toFlags(options.flags);
  if (flags.includes('writeRestricted') && restrictingSids.length === 0) {
    throw wrongValue('options.flags', 'restricts nothing by writeRestricted without restrictingSids');
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
