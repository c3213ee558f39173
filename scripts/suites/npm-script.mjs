import path from 'node:path';
import process from 'node:process';
import { nodeHeaders } from '../support/node-headers.mjs';
import { run } from '../support/run.mjs';

/**
 * Runs a script of package.json, with the npm that started this process if one did: of the project's or of a copy of it,
 * in `cwd`. Native builds use every core.
 */
export function npmScript(name, { cwd, env: more } = {}) {
  const args = ['run', '--silent', name];
  const env = { ...process.env, JOBS: 'max', ...headersSetting(), ...more };
  const cli = process.env.npm_execpath ?? '';
  if (cli.endsWith('npm-cli.js')) run(process.execPath, [cli, ...args], { cwd, env });
  else run(process.platform === 'win32' ? 'npm.cmd' : 'npm', args, { cwd, env });
}

/** Spares node-gyp the download of headers that this machine has. */
function headersSetting() {
  try {
    return { npm_config_nodedir: path.resolve(nodeHeaders(), '..', '..') };
  } catch {
    return {};
  }
}
