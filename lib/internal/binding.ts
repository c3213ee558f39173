import path from 'node:path';
import bindings from 'bindings';
import type { Native } from '../../types/native';

const root = path.join(__dirname, '../..');
const file = 'impersonate.node';

/** The native addon: the one cross-compiled for this platform, or the one that node-gyp built at install. */
export const native = bindings({
  bindings: file,
  module_root: root,
  try: [
    ['module_root', `build-${process.platform}-${process.arch}`, 'Release', 'bindings'],
    ['module_root', 'build', 'Release', 'bindings'],
  ],
}) as Native;
