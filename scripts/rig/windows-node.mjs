import { mkdtemp, rm } from 'node:fs/promises';
import { rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { run } from './command.mjs';
import { runInNamespace } from './namespace.mjs';
import { windowsNode } from './npm-packages.mjs';
import { projectRoot, toWindowsPath } from './paths.mjs';
import { wine } from './wine.mjs';

/**
 * Runs Node.js for Windows of a major version under Wine, fetching both first where they are missing.
 *
 * `args` are node's own (a script is named by its Windows path, see toWindowsPath, or relative to `cwd`). `env`
 * is laid over this process's environment, of which what steers Node, Wine or the dynamic linker is left out.
 * `onOutput(text)` gets standard output and error, in the order written. Runs are independent: each has its own
 * copy of the Windows drive and registry and any number may be under way.
 * Resolves to { code, output, timedOut }; code is null after the time limit.
 */
export async function runWindowsNode({ major, args, env = {}, timeoutSeconds = 300, cwd = projectRoot, onOutput }) {
  const program = toWindowsPath(await windowsNode(major));
  const { tree, prefix: template } = await wine();
  return withCopy(template, (prefix) =>
    runInNamespace({
      tree,
      prefix,
      args: [program, ...args],
      cwd,
      env: { WINEDEBUG: '-all', ...inherited(), ...env },
      timeoutSeconds,
      onOutput,
    }),
  );
}

async function withCopy(template, use) {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'impersonate-prefix-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  process.once('exit', remove);
  try {
    const prefix = path.join(folder, 'prefix');
    await run('cp', ['-r', '--preserve=mode,links,timestamps', '--reflink=auto', template, prefix]);
    return await use(prefix);
  } finally {
    process.off('exit', remove);
    await rm(folder, { recursive: true, force: true });
  }
}

function inherited() {
  const steering = /^(NODE_|WINE|LD_|LC_|LANG|XDG_)/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !steering.test(name)));
}
