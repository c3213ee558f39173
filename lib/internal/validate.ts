import { types } from 'node:util';
import { argumentError } from './error';

function typeOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value !== 'object') return `type ${typeof value}`;
  return `an instance of ${(value.constructor as { name?: string } | undefined)?.name ?? 'Object'}`;
}

const typeFunction = 'of type function';

/** Returns what the caller has forgotten: to await a promise, or to pass a function and not the result of its call. */
function slipOf(value: unknown, expected: string): string {
  if (!types.isPromise(value)) return '';
  return expected === typeFunction ? ': pass the function, not its result' : ': await it first';
}

/** Makes an error that names the argument and the type received, and never the value, which may be a secret. */
export function wrongType(argument: string, expected: string, value: unknown): TypeError {
  return argumentError(
    'ERR_INVALID_ARG_TYPE',
    `The "${argument}" argument must be ${expected}. Received ${typeOf(value)}${slipOf(value, expected)}`,
  );
}

/** Makes an error that names the argument and the reason. */
export function wrongValue(argument: string, reason: string): TypeError {
  return argumentError('ERR_INVALID_ARG_VALUE', `The "${argument}" argument ${reason}`);
}

export function validateFunction(value: unknown, argument: string): void {
  if (typeof value !== 'function') throw wrongType(argument, typeFunction, value);
}

/** Accepts a synchronous function: one whose work ends when it returns. */
export function validateSyncFunction(value: unknown, argument: string): void {
  validateFunction(value, argument);
  if (types.isAsyncFunction(value) || types.isGeneratorFunction(value)) {
    throw wrongValue(
      argument,
      'must not be an async or generator function: what follows its first await or yield would not run as the user. ' +
        'Use token.run() for asynchronous work',
    );
  }
}

export function validateString(value: unknown, argument: string): asserts value is string {
  if (typeof value !== 'string') throw wrongType(argument, 'of type string', value);
  if (value === '') throw wrongValue(argument, 'must not be empty');
  if (value.includes('\0')) throw wrongValue(argument, 'must not contain null bytes');
}

/** Accepts the name of a PAM service. */
export function validateService(value: unknown, argument: string): asserts value is string {
  validateString(value, argument);
  if (value.includes('/') || value === '.' || value === '..')
    throw wrongValue(argument, 'must be the name of a file in /etc/pam.d');
}

/**
 * Accepts an options object with known keys only: a misspelt restriction must not be ignored. A key that is inherited from
 * Object.prototype is rejected: the code that put it there would choose the option for all callers.
 */
export function validateOptions<K extends string>(
  value: unknown,
  argument: string,
  keys: readonly K[],
): asserts value is Partial<Record<K, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || types.isPromise(value)) {
    throw wrongType(argument, 'of type object', value);
  }
  for (const key of Object.keys(value)) {
    if (!(keys as readonly string[]).includes(key)) {
      throw wrongValue(`${argument}.${key}`, `is not known: there is ${keys.join(', ')}`);
    }
  }
  for (const key of keys) {
    if (key in Object.prototype && !Object.hasOwn(value, key)) {
      throw wrongValue(
        `${argument}.${key}`,
        'must not come from Object.prototype, which something has changed',
      );
    }
  }
}

export function validateInteger(
  value: unknown,
  argument: string,
  least: number,
  most: number,
): asserts value is number {
  if (typeof value !== 'number') throw wrongType(argument, 'of type number', value);
  if (!Number.isInteger(value) || value < least || value > most) {
    throw wrongValue(argument, `must be a whole number from ${least} to ${most}`);
  }
}

export function validateBoolean(value: unknown, argument: string): asserts value is boolean {
  if (typeof value !== 'boolean') throw wrongType(argument, 'of type boolean', value);
}

export function validateAbortSignal(value: unknown, argument: string): asserts value is AbortSignal {
  // By its shape, as Node.js does: it may come from another realm.
  if (typeof value === 'object' && value !== null && 'aborted' in value) return;
  throw wrongType(argument, 'an instance of AbortSignal', value);
}

export function validateArray(value: unknown, argument: string): asserts value is unknown[] {
  if (!Array.isArray(value)) throw wrongType(argument, 'an instance of Array', value);
}

export function validateBytes(value: unknown, argument: string): asserts value is Uint8Array {
  if (!(value instanceof Uint8Array)) throw wrongType(argument, 'an instance of Uint8Array', value);
}

/** Converts a Win32 handle as a caller passes it. */
export function toHandle(handle: unknown): bigint {
  if (typeof handle !== 'bigint' && typeof handle !== 'number') {
    throw wrongType('handle', 'of type bigint or number', handle);
  }
  if (typeof handle === 'number' && !Number.isSafeInteger(handle)) {
    throw wrongValue('handle', 'must be a whole number that a double holds exactly');
  }
  const value = BigInt(handle);
  if (value <= 0n || value > 0x7fff_ffff_ffff_ffffn) throw wrongValue('handle', 'must be a token handle');
  return value;
}

/** Returns a copy that inherits nothing: what other code adds to `Object.prototype` must not become an option. */
export const withoutPrototype = <T extends object>(options: T): T =>
  Object.assign(Object.create(null) as T, options);
