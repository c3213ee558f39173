import path from 'node:path';
import process from 'node:process';
import { isMain, report } from './support/check.mjs';
import { listFiles } from './support/files.mjs';
import { addonApiHeaders, nodeHeaders } from './support/node-headers.mjs';
import { ensurePrograms } from './support/packages.mjs';
import { root } from './support/root.mjs';
import { inParallel, problemsOf } from './support/run.mjs';
import { unbuiltSources } from './support/unbuilt-sources.mjs';

const strict = [
  ...['-fsyntax-only', '-x', 'c++', '-std=c++17', '-pedantic-errors', '-Werror'],
  ...['-Wall', '-Wextra', '-Wpedantic', '-Wshadow', '-Wconversion'],
  ...['-DNAPI_VERSION=8', '-DNAPI_CPP_EXCEPTIONS', '-DNODE_API_NO_EXTERNAL_BUFFERS_ALLOWED'],
];
const host = { compiler: 'g++', package: 'g++', flags: [] };
const windows = {
  compiler: 'x86_64-w64-mingw32-g++-posix',
  package: 'g++-mingw-w64-x86-64-posix',
  flags: ['-D_WIN32_WINNT=0x0A00', '-DNOMINMAX', '-DWIN32_LEAN_AND_MEAN', '-DUNICODE', '-D_UNICODE'],
};
// By the beginning of the path. The unsupported port has no header: its source is compiled in their place, for no
// system of the tests builds it.
const targets = [
  { pattern: /^native\/win32\/.*\.h$/, ...windows },
  { pattern: /^native\/.*\.h$/, ...host },
  { pattern: /^native\/unsupported\/.*\.cpp$/, ...host },
  { pattern: /^test\/native\/win32\/.*\.h$/, ...windows },
  { pattern: /^test\/native\/.*\.h$/, ...host },
];

async function compileAlone(header, { compiler, flags }) {
  const system = [addonApiHeaders, nodeHeaders()].flatMap((folder) => ['-isystem', folder]);
  // Included twice, which fails without an include guard.
  const times = header.endsWith('.h') ? 2 : 1;
  const input = `#include "${path.join(root, header)}"\n`.repeat(times);
  return problemsOf(compiler, [...strict, ...flags, '-Inative', ...system, '-'], { input });
}

// Returns the headers of native/ and test/native/ and sources of the unsupported port that do not compile alone without a
// warning, and the sources of native/ that a build leaves out; '' if none.
export async function checkHeaders() {
  if (process.platform !== 'linux') throw new Error('The header check needs Linux with g++ and mingw-w64');
  const files = ['native', 'test/native'].flatMap((folder) => listFiles(folder, /\.(?:h|cpp)$/));
  for (const { compiler, package: name } of [host, windows]) ensurePrograms({ [compiler]: name });
  const jobs = files.flatMap((file) => {
    const target = targets.find(({ pattern }) => pattern.test(file));
    return target === undefined ? [] : [() => compileAlone(file, target)];
  });
  return [...unbuiltSources(), ...(await inParallel(jobs)).filter(Boolean)].join('\n');
}

if (isMain(import.meta.url)) report('headers', await checkHeaders());
