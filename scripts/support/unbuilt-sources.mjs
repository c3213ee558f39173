import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { listFiles } from './files.mjs';
import { root } from './root.mjs';

const ports = ['win32', 'linux', 'unsupported'];
const read = (file) => readFileSync(path.join(root, file), 'utf8');

// What binding.gyp lists for any system: the output of its own command for each list of folders.
function gypSources() {
  const text = read('binding.gyp');
  const [, script] = /"list_sources":\s*"([^"]+)"/.exec(text);
  return [...text.matchAll(/<!@\(node -p \\"<\(list_sources\)\\" (\w+)\)/g)].flatMap(([, port]) =>
    execFileSync(process.execPath, ['-p', script, port], { cwd: root, encoding: 'utf8' }).trim().split(' '),
  );
}

// What CMakeLists.txt lists for any system: every .cpp file below the folders of its GLOB_RECURSE.
function cmakeSources() {
  const [, globs] = /file\(GLOB_RECURSE sources CONFIGURE_DEPENDS([^)]*)\)/.exec(read('CMakeLists.txt'));
  return globs
    .trim()
    .split(/\s+/)
    .flatMap((glob) => ports.map((port) => path.posix.dirname(glob).replace('${port}', port)))
    .flatMap((folder) => listFiles(folder, /\.cpp$/));
}

// Sources of native/ that one of the two builds compiles on no system, as `file: problem`.
export function unbuiltSources() {
  const builds = { 'binding.gyp': new Set(gypSources()), 'CMakeLists.txt': new Set(cmakeSources()) };
  return listFiles('native', /\.(?:c|cc|cpp|cxx)$/).flatMap((file) =>
    Object.entries(builds)
      .filter(([, sources]) => !sources.has(file))
      .map(([build]) => `${file}: ${build} does not build it`),
  );
}
