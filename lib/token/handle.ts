import { wrongType, wrongValue } from '../internal/validate';

/** A Win32 handle as a caller passes it. */
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
