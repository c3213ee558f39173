import { listFiles } from './files.mjs';
import { ensurePrograms } from './packages.mjs';

const program = 'clang-format-19';

// Returns the required version, and installs it if it is missing.
export function clangFormat() {
  ensurePrograms({ [program]: program });
  return program;
}

export const nativeSources = () =>
  ['native', 'test/native', 'benchmarks/native'].flatMap((folder) => listFiles(folder, /\.(?:h|cpp)$/));
