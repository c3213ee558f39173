import path from 'node:path';
import process from 'node:process';
import { nodeHeaders } from '../support/node-headers.mjs';
import { run } from '../support/run.mjs';

/**
 * Runs a script of package.json in `cwd`, the project or a copy of it. Uses the npm that started this process, if there
 * is one. Native builds use every core, and treat warnings as errors, unlike those of users.
 */
export function npmScript(name, { cwd, env: more } = {}) {
  const args = ['run', '--silent', name];
  const env = { ...process.env, JOBS: 'max', IMPERSONATE_STRICT: '1', ...headersSetting(), ...more };
  const cli = process.env.npm_execpath ?? '';
  if (cli.endsWith('npm-cli.js')) run(process.execPath, [cli, ...args], { cwd, env });
  else run(process.platform === 'win32' ? 'npm.cmd' : 'npm', args, { cwd, env });
}

/** Sets the path of the node headers on this machine, so that node-gyp does not download them. */
function headersSetting() {
  try {
    return { npm_config_nodedir: path.resolve(nodeHeaders(), '..', '..') };
  } catch {
    return {};
  }
}
