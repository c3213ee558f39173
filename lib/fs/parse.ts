import { constants } from 'node:fs';
import { types } from 'node:util';

/** Thrown by the parsers of arguments; the caller of an operation gets what node says instead. */
export class InvalidArguments extends Error {}

export function invalid(): never {
  throw new InvalidArguments();
}

const { O_APPEND, O_CREAT, O_EXCL, O_RDONLY, O_RDWR, O_SYNC, O_TRUNC, O_WRONLY } = constants;

/** A whole number of the range. */
export function toInteger(value: unknown, least: number, most: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value)) return invalid();
  return value < least || value > most ? invalid() : value;
}

const maxUint32 = 2 ** 32 - 1;

export const toUint32 = (value: unknown): number => toInteger(value, 0, maxUint32);
export const toInt32 = (value: unknown, least = -(2 ** 31)): number => toInteger(value, least, 2 ** 31 - 1);
/** A uid or gid; -1 leaves it as it is. */
export const toId = (value: unknown): number => toInteger(value, -1, maxUint32);

export function toBoolean(value: unknown): boolean {
  return typeof value === 'boolean' ? value : invalid();
}

/** A file's mode: a number, or its octal digits. */
export function toMode(value: unknown, otherwise?: number): number {
  const mode = value ?? otherwise;
  if (typeof mode === 'string') return /^[0-7]+$/.test(mode) ? toUint32(Number.parseInt(mode, 8)) : invalid();
  return toUint32(mode);
}

/** What access() asks for, or how copyFile() copies: bits of 0 to 7. Node cuts fractions off. */
export function toBits(value: unknown): number {
  return value == null ? 0 : toInteger(typeof value === 'number' ? Math.trunc(value) : value, 0, 7);
}

const letters: Readonly<Record<string, number>> = {
  r: O_RDONLY,
  'r+': O_RDWR,
  w: O_TRUNC | O_CREAT | O_WRONLY,
  'w+': O_TRUNC | O_CREAT | O_RDWR,
  a: O_APPEND | O_CREAT | O_WRONLY,
  'a+': O_APPEND | O_CREAT | O_RDWR,
};
/** `s` is for every access, `x` for a file that is not there yet: not with every letter. */
const flagsPattern = /^(?:rs?|sr|wx?|xw|a[sx]?|[sx]a)\+?$/;

/** The flags of open(): a number, or letters. */
export function toFlags(value: unknown): number {
  if (value == null) return O_RDONLY;
  if (typeof value === 'number') return toInt32(value);
  if (typeof value !== 'string' || !flagsPattern.test(value)) return invalid();
  const base = letters[value.replace(/[sx]/, '')] ?? invalid();
  return base | (value.includes('s') ? O_SYNC : 0) | (value.includes('x') ? O_EXCL : 0);
}

/** A time in seconds; before the epoch means now, as for node. */
export function toSeconds(value: unknown): number {
  // eslint-disable-next-line eqeqeq -- as node compares
  if (typeof value === 'string' && +value == (value as unknown)) return +value;
  if (typeof value === 'number' && Number.isFinite(value)) return value < 0 ? Date.now() / 1000 : value;
  return types.isDate(value) ? value.getTime() / 1000 : invalid();
}

/** What most functions take last: an encoding, or an object that may have one and a signal. */
export interface Options {
  readonly encoding?: BufferEncoding | 'buffer' | null;
  readonly signal?: AbortSignal;
  readonly [name: string]: unknown;
}

export function toOptions(value: unknown): Options {
  const given = typeof value === 'string' ? { encoding: value } : value;
  if (given == null || typeof given === 'function') return {};
  if (typeof given !== 'object') return invalid();
  // A copy, as the caller may change the object afterwards; with what it inherits, as for node.
  const options: Record<string, unknown> = {};
  for (const key in given) options[key] = (given as Record<string, unknown>)[key];
  const { encoding, signal } = options;
  if (encoding && encoding !== 'buffer' && !Buffer.isEncoding(encoding as string)) return invalid();
  if (signal !== undefined) toSignal(signal);
  return options;
}

export function toSignal(value: unknown): AbortSignal {
  return typeof value === 'object' && value !== null && 'aborted' in value
    ? (value as AbortSignal)
    : invalid();
}
