import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { root } from '../support/root.mjs';

const preload = fileURLToPath(new URL('preload.cjs', import.meta.url));
const timeoutMs = 60_000;

/** The folders of programs that every user may enter: a search in another one ends with EACCES. */
const searchPath = '/usr/local/bin:/usr/bin:/bin';

/**
 * How a file is run: by a process of the user, with which the others are compared; in a flow; in a flow with the methods of
 * the token in the place of the functions of `node:child_process`; in a scope.
 */
export const modes = ['plain', 'flow', 'token', 'sync'];

/** Returns whether a file is one of Node's tests of `node:fs` and `node:child_process`. */
export const isTest = (file) => /^test-(fs|child-process)-.*\.m?js$/.test(file);

/** Tests of `node:fs` need programs that are run as they are. */
const startsAsUser = (file) => file.startsWith('test-child-process-');

/** Returns the modes in which a file is run. */
export const modesOf = (file) => modes.filter((mode) => mode !== 'token' || startsAsUser(file));

function optionsOf(file) {
  const text = readFileSync(file, 'utf8');
  return [...text.matchAll(/\/\/\s+Flags:(.*)/g)].flatMap(([, flags]) => flags.trim().split(/\s+/));
}

/**
 * Runs a test file in one of the modes as `user` ({ uid, gid, groups }). `tree` is a copy of the tests that belongs to the
 * user. Resolves to { outcome, output }; the outcome is passed, skipped or failed.
 */
export async function runFile({ node, tree, file, mode, user }) {
  const test = path.join(tree, 'parallel', file);
  const { uid, gid, groups } = user;
  const asUser = ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, `--groups=${groups.join()}`];
  const command = [...(mode === 'plain' ? asUser : []), node, ...optionsOf(test), test];
  const env = {
    ...process.env,
    LC_ALL: 'C.UTF-8',
    PATH: searchPath,
    NODE_TEST_DIR: tree,
    ...(mode !== 'plain' && {
      NODE_OPTIONS: `--require=${preload}`,
      IMPERSONATE_NODE_TEST: JSON.stringify({ mode, root, startsAsUser: startsAsUser(file), ...user }),
    }),
  };
  const { code, output } = await end(command, { cwd: path.dirname(tree), env });
  if (code !== 0) return { outcome: 'failed', output: `${output}\n[exit ${code}]` };
  return { outcome: output.startsWith('1..0 # Skipped') ? 'skipped' : 'passed', output };
}

function end([program, ...args], options) {
  return new Promise((resolve, reject) => {
    // A group of its own, so that nothing that the test has started outlives it.
    const child = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    const chunks = [];
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => chunks.push(chunk));
    const endGroup = () => {
      try {
        process.kill(-child.pid, 'SIGKILL');
      } catch {
        // It has ended.
      }
    };
    const timer = setTimeout(endGroup, timeoutMs);
    child.once('error', reject);
    child.once('exit', endGroup);
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ code: code ?? signal, output: Buffer.concat(chunks).toString('utf8') });
    });
  });
}
