import type { NativeRestrictions } from '../types/native';
import { principalId, type Principal } from './principal';
import { validateArray, validateOptions, validateString, wrongValue } from './validate';

/** What `token.restrict` takes away; at least one. */
export interface RestrictOptions {
  /** SIDs that may from now on only deny access. Windows. */
  denyOnly?: readonly (string | Principal)[];
  /** Win32 privileges, or Linux capabilities, by name. */
  removePrivileges?: readonly string[];
  /** Supplementary groups by gid, or all of them. Linux. */
  dropGroups?: true | readonly (string | number | Principal)[];
}

function ids(value: unknown, argument: string, numbers: boolean): string[] {
  validateArray(value, argument);
  return value.map((item, index) => principalId(item, `${argument}[${index}]`, numbers));
}

function names(value: unknown, argument: string): string[] {
  validateArray(value, argument);
  return value.map((item, index) => {
    validateString(item, `${argument}[${index}]`);
    return item;
  });
}

export function toRestrictions(options: unknown): NativeRestrictions {
  validateOptions(options, 'options', ['denyOnly', 'removePrivileges', 'dropGroups']);
  const { denyOnly, removePrivileges, dropGroups } = options;
  if (denyOnly === undefined && removePrivileges === undefined && dropGroups === undefined) {
    throw wrongValue('options', 'must take something away: denyOnly, removePrivileges or dropGroups');
  }
  return {
    denyOnly: denyOnly === undefined ? [] : ids(denyOnly, 'options.denyOnly', false),
    removePrivileges:
      removePrivileges === undefined ? [] : names(removePrivileges, 'options.removePrivileges'),
    dropAllGroups: dropGroups === true,
    dropGroups:
      dropGroups === undefined || dropGroups === true ? [] : ids(dropGroups, 'options.dropGroups', true),
  };
}
