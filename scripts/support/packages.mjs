import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { findProgram } from './run.mjs';

const quiet = { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] };

function isInstalled(name) {
  const { status, stdout } = spawnSync('dpkg-query', ['-W', '-f', '${db:Status-Status}', name], quiet);
  return status === 0 && stdout.startsWith('installed');
}

const isKnown = (name) => spawnSync('apt-cache', ['show', name], quiet).status === 0;

function apt(...args) {
  const options = ['-q', '-y', '-o', 'DPkg::Lock::Timeout=300'];
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const { status, stdout, stderr, error } = spawnSync('apt-get', [...options, ...args], { ...quiet, env });
  if (error) throw error;
  return { ok: status === 0, output: `${stdout}${stderr}`.trim() };
}

function install(names) {
  console.log(`Installing ${names.join(' ')}`);
  let updated = false;
  if (!names.every(isKnown)) {
    apt('update');
    updated = true;
  }
  const command = ['install', '--no-install-recommends', ...names];
  let result = apt(...command);
  if (!result.ok && !updated) {
    apt('update'); // the lists may have versions that the mirror has removed
    result = apt(...command);
  }
  if (!result.ok) throw new Error(`apt-get could not install ${names.join(' ')}:\n${result.output}`);
}

// Installs missing Debian packages: as root by apt-get, without a prompt. Without root it throws, with the command that
// installs them.
export function ensurePackages(names) {
  if (findProgram('dpkg-query') === null) {
    throw new Error(
      `This is not a Debian system: install the equivalents of the Debian packages ${names.join(', ')}`,
    );
  }
  const missing = names.filter((name) => !isInstalled(name));
  if (missing.length === 0) return;
  if (process.getuid?.() !== 0) {
    throw new Error(`Missing Debian packages. As root: apt-get install ${missing.join(' ')}`);
  }
  install(missing);
}

// The same for programs: { program: package }. A program that PATH already has is not installed.
export function ensurePrograms(packageOf) {
  const missing = Object.keys(packageOf).filter((program) => findProgram(program) === null);
  if (missing.length > 0) ensurePackages([...new Set(missing.map((program) => packageOf[program]))]);
}
