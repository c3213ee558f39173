import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { isMain, report } from './support/check.mjs';
import { packageBin, root } from './support/root.mjs';
import { capture, problemsOf } from './support/run.mjs';

const node = (script, args, options) => problemsOf(process.execPath, [packageBin(script), ...args], options);

// Packs the package in `folder`. The facade is compiled there, so that dist of the project stays as it is. Returns
// problems, or ''.
async function pack(folder) {
  const { files } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  // The binaries are not made for this: they have no part in the entries.
  const isSource = (name) => !['dist', 'prebuilds'].includes(name) && !name.startsWith('!');
  for (const name of ['package.json', 'README.md', 'LICENSE', ...files.filter(isSource)]) {
    cpSync(path.join(root, name), path.join(folder, name), { recursive: true });
  }
  const build = path.join(root, 'scripts', 'build-dist.mjs');
  const built = await problemsOf(process.execPath, [build, path.join(folder, 'dist')]);
  return built || problemsOf('npm', ['pack', '--ignore-scripts', '--offline'], { cwd: folder });
}

async function publintProblems(tarball) {
  const args = [packageBin('publint/src/cli.js'), 'run', tarball, '--strict'];
  const { code, output } = await capture(process.execPath, args);
  // Suggestions do not change the exit code.
  return code === 0 && output.includes('All good!') ? '' : output.trim();
}

// Are the types wrong? Resolves every entry as TypeScript does with node10, node16 and bundler.
const typesProblems = (tarball) =>
  node('@arethetypeswrong/cli/dist/index.js', [
    ...[tarball, '--no-definitely-typed', '--no-emoji', '--no-color', '--format', 'ascii'],
  ]);

// Returns what is wrong with the metadata and the entries of the packed package; '' if nothing.
export async function checkPackage() {
  const folder = mkdtempSync(path.join(tmpdir(), 'impersonate-package-'));
  try {
    const failure = await pack(folder);
    if (failure) return failure;
    const tarball = path.join(
      folder,
      readdirSync(folder).find((name) => name.endsWith('.tgz')),
    );
    const problems = await Promise.all([publintProblems(tarball), typesProblems(tarball)]);
    return problems.filter(Boolean).join('\n');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (isMain(import.meta.url)) report('package', await checkPackage());
