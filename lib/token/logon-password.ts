import { isUtf8 } from 'node:buffer';
import { wrongType, wrongValue } from '../internal/validate';

const argument = 'options.password';

/** Bytes; never more UTF-16 units, of which Windows takes 32,767. */
const most = 32_767;

/** Nothing here makes a copy, and no error has any of it. */
export function validatePassword(value: unknown): asserts value is string | Uint8Array {
  const isText = typeof value === 'string';
  if (!isText && !(value instanceof Uint8Array)) {
    throw wrongType(argument, 'of type string or an instance of Uint8Array', value);
  }
  if (Buffer.byteLength(value) > most) throw wrongValue(argument, `must have at most ${most} bytes`);
  // Either would be replaced on its way, and the user asked for with a password that nobody gave.
  if (isText ? /\p{Surrogate}/u.test(value) : !isUtf8(value)) {
    throw wrongValue(argument, isText ? 'must not contain lone surrogates' : 'must be UTF-8');
  }
  // The system would see only what is before it.
  if (isText ? value.includes('\0') : value.includes(0)) {
    throw wrongValue(argument, 'must not contain null bytes');
  }
}
