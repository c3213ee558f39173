import { copyFile, cp, mkdir, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { windowsNode } from '../rig/npm-packages.mjs';
import { toWindowsPath } from '../rig/paths.mjs';
import { runWindowsNode } from '../rig/windows-node.mjs';
import { isHealthy, withProject } from './project.mjs';

const addon = path.join('node_modules', 'impersonate', 'prebuilds', 'win32-x64', 'node.napi.node');

// What Electron does for an addon that is unpacked from the archive: the archive lists it, and the file is beside it.
const asar = `'use strict';
const { dlopen } = process;
process.dlopen = (module, file, ...rest) =>
  dlopen.call(process, module, file.replace('\\\\app.asar\\\\', '\\\\app.asar.unpacked\\\\'), ...rest);
`;

// Wine does not check access to files, so the program reads which token each thread has.
const programSource = `'use strict';
const fs = require('node:fs');
const path = require('node:path');
const { createRequire } = require('node:module');
const { ImpersonatedWorker, Token, runSync } = createRequire(path.resolve('program.cjs'))('impersonate');
const token = Token.process().restrict({ restrictingSids: ['S-1-0-0'] });
const isUser = () => Token.thread() !== null;
(async () => {
  const scope = token.runSync(isUser);
  const flow = await token.run(async () => (await fs.promises.readFile(__filename)).length > 0 && runSync(isUser));
  const worker = new ImpersonatedWorker(path.join(__dirname, 'thread.cjs'), { token, workerData: path.resolve('program.cjs') });
  const thread = await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
  const host = path.basename(process.execPath);
  console.log(host, scope, flow, thread, scope && flow && thread && !isUser() && host === 'app.exe' ? 'ok' : 'wrong');
})();
`;
const threadSource = `'use strict';
const { createRequire } = require('node:module');
const { parentPort, workerData } = require('node:worker_threads');
parentPort.postMessage(createRequire(workerData)('impersonate').Token.thread() !== null);
`;

async function runStep(name, program, major, args, cwd) {
  const { code, output } = await runWindowsNode({ major, executable: program, args, cwd });
  return { name, ok: code === 0 && / ok\s*$/.test(output), output };
}

async function runCommand(program, major, cwd) {
  const command = 'node_modules\\impersonate\\bin\\impersonate.cjs';
  const args = [command, 'doctor', '--json', '--need', 'scopes'];
  const { code, output } = await runWindowsNode({ major, executable: program, args, cwd });
  return { name: 'impersonate doctor', ok: code === 0 && isHealthy(output), output };
}

/**
 * Installs the tarball and runs a program under Wine in a stand-in for Electron: node.exe by another name, first
 * with the package in a folder, and then as if in an archive whose addons are unpacked. Returns the steps.
 */
export function tryElectron(major, tarball) {
  return withProject('npm-12', major, tarball, async ({ project, added }) => {
    const program = path.join(project, 'app.exe');
    const archive = path.join(project, 'resources', 'app.asar');
    const unpacked = path.join(project, 'resources', 'app.asar.unpacked', addon);
    await copyFile(await windowsNode(major), program);
    const sources = { 'program.cjs': programSource, 'thread.cjs': threadSource, 'asar.cjs': asar };
    for (const [name, source] of Object.entries(sources)) await writeFile(path.join(project, name), source);
    const inFolder = await runStep('renamed node.exe', program, major, ['program.cjs'], project);
    const command = await runCommand(program, major, project);
    await mkdir(path.dirname(unpacked), { recursive: true });
    await cp(path.join(project, 'node_modules'), path.join(archive, 'node_modules'), { recursive: true });
    await rename(path.join(archive, addon), unpacked);
    await writeFile(path.join(archive, addon), 'unpacked');
    const args = ['--require', toWindowsPath(path.join(project, 'asar.cjs')), '..\\..\\program.cjs'];
    return [added, inFolder, command, await runStep('renamed node.exe, asar', program, major, args, archive)];
  });
}
