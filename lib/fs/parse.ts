import { constants } from 'node:fs';
import { types } from 'node:util';

/**
 * Thrown for an invalid argument. The functions of `operations` convert it to the error that node's function throws.
 */
export class InvalidArguments extends Error {}

/** Throws InvalidArguments. */
export function invalid(): never {
  throw new InvalidArguments();
}

const { O_APPEND, O_CREAT, O_EXCL, O_RDONLY, O_RDWR, O_SYNC, O_TRUNC, O_WRONLY } = constants;

/** Returns the value if it is an integer from `least` to `most`. */
export function toInteger(value: unknown, least: number, most: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value)) return invalid();
  return value < least || value > most ? invalid() : value;
}

const maxUint32 = 2 ** 32 - 1;

export const toUint32 = (value: unknown): number => toInteger(value, 0, maxUint32);
export const toInt32 = (value: unknown, least = -(2 ** 31)): number => toInteger(value, least, 2 ** 31 - 1);
/** Returns a uid or gid; -1 leaves the owner or group unchanged. */
export const toId = (value: unknown): number => toInteger(value, -1, maxUint32);

/** Returns the value if it is a boolean. */
export function toBoolean(value: unknown): boolean {
  return typeof value === 'boolean' ? value : invalid();
}

/** Returns a file mode, given as a number or as octal digits. */
export function toMode(value: unknown, otherwise?: number): number {
  const mode = value ?? otherwise;
  if (typeof mode === 'string') return /^[0-7]+$/.test(mode) ? toUint32(Number.parseInt(mode, 8)) : invalid();
  return toUint32(mode);
}

/** Returns the mode of access() or copyFile(), 0 to 7. Node truncates fractions. */
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
/** The letters after the first one are `s` (synchronous) and `x` (exclusive). Not every combination is valid. */
const flagsPattern = /^(?:rs?|sr|wx?|xw|a[sx]?|[sx]a)\+?$/;

/** Returns the flags of open(), given as a number or as letters. */
export function toFlags(value: unknown): number {
  if (value == null) return O_RDONLY;
  if (typeof value === 'number') return toInt32(value);
  if (typeof value !== 'string' || !flagsPattern.test(value)) return invalid();
  const base = letters[value.replace(/[sx]/, '')] ?? invalid();
  return base | (value.includes('s') ? O_SYNC : 0) | (value.includes('x') ? O_EXCL : 0);
}

/** Returns a time in seconds. A negative number means the current time, as in node. */
export function toSeconds(value: unknown): number {
  // eslint-disable-next-line eqeqeq -- as node compares
  if (typeof value === 'string' && +value == (value as unknown)) return +value;
  if (typeof value === 'number' && Number.isFinite(value)) return value < 0 ? Date.now() / 1000 : value;
  return types.isDate(value) ? value.getTime() / 1000 : invalid();
}

/** The last argument of most functions: an encoding, or an object that may contain an encoding and a signal. */
export interface Options {
  readonly encoding?: BufferEncoding | 'buffer' | null;
  readonly signal?: AbortSignal;
  readonly [name: string]: unknown;
}

/** The options that functions with `toOptions` read. */
const optionNames = [
  ...['bufferSize', 'buffer', 'encoding', 'flag', 'flush', 'mode', 'recursive', 'signal', 'withFileTypes'],
];

/** Returns a validated copy of the options. */
export function toOptions(value: unknown): Options {
  const given = typeof value === 'string' ? { encoding: value } : value;
  if (given == null || typeof given === 'function') return {};
  if (typeof given !== 'object') return invalid();
  // The caller may change the object later. Node reads inherited properties and getters of classes too.
  const options: Record<string, unknown> = {};
  for (const key in given) options[key] = (given as Record<string, unknown>)[key];
  for (const key of optionNames) if (key in given) options[key] ??= (given as Record<string, unknown>)[key];
  const { encoding, signal } = options;
  if (encoding && encoding !== 'buffer' && !Buffer.isEncoding(encoding as string)) return invalid();
  if (signal !== undefined) toSignal(signal);
  return options;
}

/** Returns the value if it is an AbortSignal. */
export function toSignal(value: unknown): AbortSignal {
  return typeof value === 'object' && value !== null && 'aborted' in value
    ? (value as AbortSignal)
    : invalid();
}
