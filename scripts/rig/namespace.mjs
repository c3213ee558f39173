import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { followFile } from './follow-file.mjs';

const inNamespace = fileURLToPath(new URL('in-namespace.sh', import.meta.url));
const needsNamespaces =
  'A private mount and pid namespace cannot be created here: this needs CAP_SYS_ADMIN, or as an ordinary user ' +
  'unprivileged user namespaces (and unshare and setpriv of util-linux).';

/**
 * Runs a Windows program under the Wine of `tree` with the given prefix, in a private namespace. All its processes end
 * with it, after `timeoutSeconds`, or when this process ends.
 * `scratch` is a folder for this run, and `env` its whole environment. Standard output and error are one file, and
 * input is empty, because node.exe under Wine cannot use Unix pipes. `onOutput` gets the text as it is written.
 * Resolves to { code, output, timedOut }; code (8 bits, as Wine passes it on) is null after the time limit.
 */
export async function runInNamespace({ scratch, tree, prefix, args, cwd, env, timeoutSeconds, onOutput }) {
  const started = path.join(scratch, 'started');
  const mapped = process.getuid() === 0 ? [] : ['--map-root-user'];
  const namespaces = [
    '--mount',
    '--propagation',
    'private',
    '--pid',
    '--fork',
    '--kill-child',
    '--mount-proc',
  ];
  const script = ['bash', inNamespace, tree, started, ...args];
  const command = ['setpriv', '--pdeathsig', 'KILL', 'unshare', ...mapped, ...namespaces, ...script];
  const wineEnv = { ...env, ...(await wineEnvironment(scratch, prefix)) };
  const result = await runToFile(command, {
    file: path.join(scratch, 'output'),
    cwd,
    env: wineEnv,
    timeoutSeconds,
    onOutput,
  });
  if (!existsSync(started) && !result.timedOut)
    throw new Error(`${needsNamespaces}\n${result.output.trim()}`);
  return result;
}

/** Without TMPDIR, because Debian's Wine 10 frees the result of getenv. */
async function wineEnvironment(scratch, prefix) {
  const home = path.join(scratch, 'home');
  await mkdir(home, { mode: 0o700 });
  return {
    HOME: home,
    TMPDIR: undefined,
    LC_ALL: 'C.UTF-8',
    WINEPREFIX: prefix,
    WINEARCH: 'win64',
    WINELOADER: '/usr/lib/wine/wine64',
    WINEDLLOVERRIDES: 'mscoree,mshtml=;winemenubuilder.exe=d',
  };
}

async function runToFile([program, ...args], { file, cwd, env, timeoutSeconds, onOutput }) {
  const written = await open(file, 'a');
  const child = spawn(program, args, { cwd, env, stdio: ['ignore', written.fd, written.fd] });
  const exited = new Promise((resolve, reject) => child.once('error', reject).once('exit', resolve));
  const follower = followFile(file, onOutput);
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    child.kill('SIGKILL');
  }, timeoutSeconds * 1000);
  try {
    const code = await exited;
    return { code: timedOut ? null : code, output: await follower.end(), timedOut };
  } finally {
    clearTimeout(timer);
    await follower.end();
    await written.close();
  }
}
