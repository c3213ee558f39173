import { constants } from 'node:fs';
import { originals } from '../fs/node-fs';

/** More than a configuration file or keytab has. */
const largest = 4 * 1024 * 1024;

/**
 * Returns the content of a configuration file or keytab. Throws for what is no file: a FIFO or a device, which may never
 * end, and for a file that is too large.
 */
export function readFile(file: string): Buffer {
  // Opening a FIFO waits for its writer without O_NONBLOCK.
  const fd = originals.openSync(file, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  try {
    const found = originals.fstatSync(fd);
    if (!found.isFile()) throw new Error('it is not a regular file');
    if (found.size > largest) throw new Error(`it is larger than ${largest} bytes`);
    return originals.readFileSync(fd);
  } finally {
    originals.closeSync(fd);
  }
}
