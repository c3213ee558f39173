import type fs from 'node:fs';
import { join } from 'node:path';
import { root } from '../paths';

const { originals } = require(join(root, 'dist', 'core.js')) as { originals: typeof fs };

// A file of its own, which 30-threads replaces in a copy of thread-status.
/** Node's own functions, not routed: synchronous ones act as the calling thread, in a flow too. */
export const nodeFs = originals;
