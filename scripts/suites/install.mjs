import process from 'node:process';
import { bundlerNames, tryBundlers } from '../install/bundlers.mjs';
import { tryElectron } from '../install/electron.mjs';
import { managers } from '../install/managers.mjs';
import { tryCompiling, tryInstall, tryWithoutBinary } from '../install/project.mjs';
import { packedPackage } from '../install/tarball.mjs';

// The bundlers that take seconds.
const quickBundlers = ['esbuild', 'nft'];
const usualMajor = 24;

const others = {
  'no binary': (major, { without }) => tryWithoutBinary('npm-12', major, without),
  source: (major, { without }) => tryCompiling('npm-12', major, without),
  bundlers: (major, { tarball }) => tryBundlers(bundlerNames, major, tarball),
  electron: (major, { tarball }) => tryElectron(major, tarball),
};

/** What `npm run test:install` can be limited to: package managers, and other uses of the tarball. */
export const installNames = [...Object.keys(managers), ...Object.keys(others)];

const attempt = (name) => others[name] ?? ((major, { tarball }) => tryInstall(name, major, tarball));

// Writes steps and counts them.
async function count(title, steps, write) {
  for (const { name, ok, output } of steps) {
    write(`${ok ? 'ok    ' : 'FAILED'} ${title}: ${name}\n${ok ? '' : output.replace(/^/gm, '    ')}`);
  }
  const passed = steps.filter(({ ok }) => ok).length;
  return { passed, failed: steps.length - passed, skipped: 0 };
}

const add = (one, other) => ({
  passed: one.passed + other.passed,
  failed: one.failed + other.failed,
  skipped: 0,
});

const suite = (name, majors, run) => ({
  name: `install, ${name}`,
  run: async (write) => {
    const packed = await packedPackage();
    let counts = { passed: 0, failed: 0, skipped: 0 };
    for (const major of majors) {
      counts = add(counts, await count(`${name}, node ${major}`, await run(major, packed), write));
    }
    return counts;
  },
});

function mayRun() {
  if (process.getuid() === 0) return true;
  console.log(
    'The installations are skipped: the programs that use the package act as another user. Run as root',
  );
  return false;
}

/** Installs the packed package as users do, with each of the names, and runs programs with each major version. */
export function installSuites(names, majors) {
  return mayRun() ? names.map((name) => suite(name, majors, attempt(name))) : [];
}

/** A part of it that takes seconds: one package manager, and the quick bundlers. */
export function quickInstallSuites() {
  if (!mayRun()) return [];
  const run = async (major, { tarball, without }) => {
    const attempts = [
      tryInstall('npm-12', major, tarball),
      tryWithoutBinary('npm-12', major, without),
      tryBundlers(quickBundlers, major, tarball),
    ];
    return (await Promise.all(attempts)).flat();
  };
  return [suite('npm-12', [usualMajor], run)];
}
