import type { NativePrincipal } from '../../types/native';
import { knownAccount } from './account';
import { native } from '../internal/binding';
import { validateString, wrongType, wrongValue } from '../internal/validate';

/** A user or a group. */
export interface Principal {
  readonly kind: 'user' | 'group';
  /** The SID on Windows, the decimal uid or gid on Linux. */
  readonly id: string;
  /** Windows. */
  readonly sid?: string;
  /** Linux, for a user. */
  readonly uid?: number;
  /** Linux, for a group. */
  readonly gid?: number;
  /** Only where `lookupAccount` or `Token.forUser` has found it out already. */
  readonly name?: string;
}

/** A Win32 privilege or a Linux capability that a token holds. */
export interface Privilege {
  readonly name: string;
  readonly enabled: boolean;
}

export function toPrincipal({ kind, id }: NativePrincipal): Principal {
  const name = knownAccount(kind, id)?.name;
  const own =
    native.port === 'win32' ? { sid: id } : kind === 'user' ? { uid: Number(id) } : { gid: Number(id) };
  return Object.freeze({ kind, id, ...own, ...(name !== undefined && { name }) });
}

/** The id of a principal, or of what names one: an id as a string, and where `numbers` says so as a number. */
export function principalId(value: unknown, argument: string, numbers = false): string {
  if (typeof value === 'string') {
    validateString(value, argument);
    return value;
  }
  if (numbers && typeof value === 'number') {
    if (!Number.isInteger(value) || value < 0) throw wrongValue(argument, 'must be a whole number from 0 up');
    return String(value);
  }
  if (typeof value === 'object' && value !== null && 'id' in value && typeof value.id === 'string') {
    return value.id;
  }
  throw wrongType(argument, `of type string${numbers ? ' or number' : ''} or a Principal`, value);
}
