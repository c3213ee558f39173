import { spawn } from 'node:child_process';
import process from 'node:process';
import { root } from './root.mjs';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * Runs a command with this process's terminal, in the project's folder or `cwd`; with `onOutput(text)` that gets what the
 * command prints. Signals that would end this process are sent to the command instead. Resolves to the exit code; null
 * if a signal ended the command, as after `timeoutSeconds` (0: no limit).
 */
export function runToEnd(program, args, { cwd = root, env = {}, timeoutSeconds = 0, onOutput } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: onOutput ? ['inherit', 'pipe', 'pipe'] : 'inherit',
      timeout: timeoutSeconds * 1000,
      killSignal: 'SIGKILL',
    });
    for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', onOutput);
    const passOn = (signal) => child.kill(signal);
    for (const signal of signals) process.on(signal, passOn);
    const settle = (finish) => (value) => {
      for (const signal of signals) process.off(signal, passOn);
      finish(value);
    };
    child.once('error', settle(reject));
    child.once('close', settle(resolve));
  });
}
