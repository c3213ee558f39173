import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { root } from '../support/root.mjs';
import { run } from './command.mjs';
import { runInNamespace } from './namespace.mjs';
import { windowsNode } from './npm-packages.mjs';
import { toWindowsPath } from './paths.mjs';
import { withScratch } from './scratch.mjs';
import { wine } from './wine.mjs';

/**
 * Runs Node.js for Windows of a major version under Wine. Downloads both first if they are missing.
 *
 * `args` are node's own (a script is named by its Windows path, see toWindowsPath, or relative to `cwd`). `env`
 * is added to this process's environment, without the variables that control Node, Wine or the dynamic linker.
 * `executable` is another program than node.exe of that version. `onOutput(text)` gets standard output and error, in the order written. `rig` is another Wine than wine(). Runs are
 * independent: each has its own copy of the Windows drive and registry, and any number may run at the same time.
 * Resolves to { code, output, timedOut }; code is null after the time limit.
 */
export async function runWindowsNode(request) {
  const { major, executable, args, env = {}, timeoutSeconds = 300, cwd = root, onOutput, rig } = request;
  const program = toWindowsPath(executable ?? (await windowsNode(major)));
  const { tree, prefix: template } = rig ?? (await wine());
  return withScratch(os.tmpdir(), 'impersonate-wine-', async (scratch) => {
    const prefix = path.join(scratch, 'prefix');
    await run('cp', ['-r', '--preserve=mode,links,timestamps', '--reflink=auto', template, prefix]);
    return runInNamespace({
      scratch,
      tree,
      prefix,
      args: [program, ...args],
      cwd,
      env: { WINEDEBUG: '-all', ...inherited(), ...env },
      timeoutSeconds,
      onOutput,
    });
  });
}

function inherited() {
  const steering = /^(NODE_|WINE|LD_|LC_|LANG|XDG_|NAPI_RS_)/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !steering.test(name)));
}
