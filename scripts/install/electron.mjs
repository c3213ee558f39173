import { copyFile, cp, mkdir, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { windowsNode } from '../rig/npm-packages.mjs';
import { toWindowsPath } from '../rig/paths.mjs';
import { runWindowsNode } from '../rig/windows-node.mjs';
import { root } from '../support/root.mjs';
import { withProject } from './project.mjs';

const addon = path.join('node_modules', 'impersonate', 'prebuilds', 'win32-x64', 'node.napi.node');

// What Electron does for an addon that is unpacked from the archive: the archive lists it, and the file is beside it.
const asar = `'use strict';
const { dlopen } = process;
process.dlopen = (module, file, ...rest) =>
  dlopen.call(process, module, file.replace('\\\\app.asar\\\\', '\\\\app.asar.unpacked\\\\'), ...rest);
`;

async function runStep(name, program, major, args, cwd) {
  const { code, output } = await runWindowsNode({ major, executable: program, args, cwd });
  return { name, ok: code === 0 && /^ok: win32/m.test(output), output };
}

/**
 * Installs the tarball and runs the smoke test under Wine in a stand-in for Electron: node.exe by another name, first
 * with the package in a folder, and then as if in an archive whose addons are unpacked. Returns the steps.
 */
export function tryElectron(major, tarball) {
  return withProject('npm-12', major, tarball, async ({ project, added }) => {
    const program = path.join(project, 'app.exe');
    const archive = path.join(project, 'resources', 'app.asar');
    const unpacked = path.join(project, 'resources', 'app.asar.unpacked', addon);
    await copyFile(await windowsNode(major), program);
    await copyFile(path.join(root, 'scripts', 'smoke.cjs'), path.join(project, 'smoke.cjs'));
    await writeFile(path.join(project, 'asar.cjs'), asar);
    const inFolder = await runStep('renamed node.exe', program, major, ['smoke.cjs'], project);
    await mkdir(path.dirname(unpacked), { recursive: true });
    await cp(path.join(project, 'node_modules'), path.join(archive, 'node_modules'), { recursive: true });
    await rename(path.join(archive, addon), unpacked);
    await writeFile(path.join(archive, addon), 'unpacked');
    const args = ['--require', toWindowsPath(path.join(project, 'asar.cjs')), '..\\..\\smoke.cjs'];
    return [added, inFolder, await runStep('renamed node.exe, asar', program, major, args, archive)];
  });
}
