import { native } from '../internal/binding';
import { validateString, wrongValue } from '../internal/validate';

/** `sun_path` of sockaddr_un, with its end. */
export const socketPathLimit = 108;

/** Where a server of this computer can be: `\\.\pipe\name` on Windows, a path elsewhere. */
export function validateAddress(path: unknown): asserts path is string {
  validateString(path, 'path');
  if (native.port === 'win32') {
    if (!/^\\\\[.?]\\pipe\\./i.test(path)) {
      throw wrongValue('path', 'must be the name of a pipe of this computer: \\\\.\\pipe\\...');
    }
  } else if (Buffer.byteLength(path) >= socketPathLimit) {
    throw wrongValue('path', `must be shorter than ${socketPathLimit} bytes`);
  }
}
