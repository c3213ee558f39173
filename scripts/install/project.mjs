import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { linuxNodeFolder } from '../rig/npm-packages.mjs';
import { capture, findProgram, inParallel } from '../support/run.mjs';
import { root } from '../support/root.mjs';
import { managerCommand } from './managers.mjs';
import { resolutions, sampleArgs, samples, typed, withoutBinary } from './samples.mjs';

// A PATH with this node, and what the launchers of package managers call, and no compiler.
async function bareTools(folder, node) {
  const tools = path.join(folder, 'tools');
  await mkdir(tools);
  await symlink(node, path.join(tools, 'node'));
  for (const name of ['sh', 'env', 'uname', 'dirname', 'sed'])
    await symlink(findProgram(name), path.join(tools, name));
  return tools;
}

// What a network may need: certificates and proxies.
const networkSettings = () =>
  Object.fromEntries(
    Object.entries(process.env).filter(([name]) =>
      /^(?:NODE_EXTRA_CA_CERTS|SSL_CERT_\w+|(?:https?|no)_proxy)$/i.test(name),
    ),
  );

/**
 * Adds the tarball to an empty project with a package manager, without scripts or a compiler. Calls
 * `use({ project, node, env, added })`, where `added` is the step of the installation, and removes the project afterwards.
 * A step is { name, ok, output }.
 */
export async function withProject(manager, major, tarball, use) {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'install-'));
  try {
    // The user of a worker's thread reads its file.
    await chmod(folder, 0o711);
    const node = path.join(await linuxNodeFolder(major), 'bin', 'node');
    const project = path.join(folder, 'project');
    await mkdir(project);
    await writeFile(path.join(project, 'package.json'), '{ "name": "project", "private": true }\n');
    const { command, env: more } = await managerCommand(manager, node, tarball);
    const env = {
      ...networkSettings(),
      CI: 'true',
      PATH: await bareTools(folder, node),
      TMPDIR: os.tmpdir(),
      ...more,
    };
    const [program, ...args] = command;
    const { code, output } = await capture(program, args, { cwd: project, env });
    return await use({ project, node, env, added: { name: 'install', ok: code === 0, output } });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Runs a program of a project. Returns its step: each line of its output must end in `ok`. */
export async function runStep(name, { node, env, cwd }, args) {
  const { code, output } = await capture(node, args, { cwd, env });
  return { name, ok: code === 0 && /^(?:.* ok\n)+$/.test(output), output };
}

/** Returns whether the doctor's JSON says that the process can act as users. */
export function isHealthy(output) {
  try {
    return JSON.parse(output).capabilities.some(({ name, can }) => name === 'scopes' && can);
  } catch {
    return false;
  }
}

// Runs the package's command as the package manager has put it in place.
async function runCommand({ project, env }) {
  const command = path.join(project, 'node_modules', '.bin', 'impersonate');
  const args = ['doctor', '--json', '--need', 'scopes'];
  const { code, output } = await capture(command, args, { cwd: project, env });
  return { name: 'impersonate doctor', ok: code === 0 && isHealthy(output), output };
}

// Compiles the TypeScript sample with a resolution, and runs it.
async function compileTypes(resolution, target, { project, node, env }) {
  const name = `${resolution.moduleResolution}, ${target}`;
  const outDir = path.join(project, name);
  const options = {
    ...{ ...resolution, target, outDir },
    ...{ lib: ['es2023', 'esnext.disposable'], strict: true },
    ...{ types: ['node'], typeRoots: [path.join(root, 'node_modules', '@types')] },
  };
  const config = path.join(project, `tsconfig.${name}.json`);
  await writeFile(config, JSON.stringify({ compilerOptions: options, files: ['typed.mts'] }));
  const compiler = path.join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const { code, output } = await capture(node, [compiler, '-p', config], { cwd: project, env });
  if (code !== 0) return { name: `types, ${name}`, ok: false, output };
  return runStep(`types, ${name}`, { node, env, cwd: project }, [path.join(outDir, 'typed.mjs')]);
}

// `using` is down-levelled for es2022, and node's own for esnext, where it has it.
const targetsOf = (major) => (major >= 24 ? ['es2022', 'esnext'] : ['es2022']);

/** Installs the tarball with a package manager, runs the samples with a major version of Node, and returns the steps. */
export function tryInstall(manager, major, tarball) {
  return withProject(manager, major, tarball, async ({ project, node, env, added }) => {
    for (const [name, source] of Object.entries({ ...samples, 'typed.mts': typed })) {
      await writeFile(path.join(project, name), source);
    }
    const runs = Object.keys(samples).map(
      (name) => () => runStep(name, { node, env, cwd: project }, [...(sampleArgs[name] ?? []), name]),
    );
    const compilations = resolutions.flatMap((one) =>
      targetsOf(major).map((target) => () => compileTypes(one, target, { project, node, env })),
    );
    const command = () => runCommand({ project, env });
    return [added, ...(await inParallel([...runs, command, ...compilations]))];
  });
}

/** The same with a tarball that has no binary for this system. */
export function tryWithoutBinary(manager, major, tarball) {
  return withProject(manager, major, tarball, async ({ project, node, env, added }) => {
    await writeFile(path.join(project, 'without.cjs'), withoutBinary);
    return [added, await runStep('error', { node, env, cwd: project }, ['without.cjs'])];
  });
}

/** The same, where the addon is compiled as the error says, with a compiler. */
export function tryCompiling(manager, major, tarball) {
  return withProject(manager, major, tarball, async ({ project, node, env, added }) => {
    const gyp = path.join(root, 'node_modules', 'node-gyp', 'bin', 'node-gyp.js');
    const args = [gyp, 'rebuild', `--nodedir=${await linuxNodeFolder(major)}`];
    const cwd = path.join(project, 'node_modules', 'impersonate');
    const { code, output } = await capture(node, args, { cwd, env: process.env });
    const compiled = { name: 'node-gyp rebuild', ok: code === 0, output };
    await writeFile(path.join(project, 'scope.cjs'), samples['scope.cjs']);
    return [added, compiled, await runStep('scope.cjs', { node, env, cwd: project }, ['scope.cjs'])];
  });
}
