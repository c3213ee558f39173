import { type ChildProcess, spawn } from 'node:child_process';
import { resolve } from 'node:path';
import type { Diagnosis } from 'impersonate';
import { root } from '../paths';
import { type ChildOptions, type ChildResult, runProgram } from './child';
import { prepared } from './examples';

export const commandFile = resolve(root, 'bin', 'impersonate.cjs');

/** Runs the command `impersonate`. Under Wine `first` is run before it, with `world` and the parts of Windows that Wine lacks. */
export function runCommand(
  args: readonly string[],
  options: ChildOptions = {},
  first = '',
): Promise<ChildResult> {
  return runProgram(commandFile, {
    ...options,
    args,
    execArgv: [...prepared(first), ...(options.execArgv ?? [])],
  });
}

/** Starts the command with pipes for its output. */
export function spawnCommand(args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [commandFile, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Returns the diagnosis that the command prints, and its exit code, for a process that needs these capabilities. */
export async function diagnose(
  need: readonly string[],
  options?: ChildOptions,
  first?: string,
): Promise<Diagnosis & { readonly code: number | null }> {
  const needed = need.flatMap((name) => ['--need', name]);
  const { code, stdout, stderr } = await runCommand(['doctor', '--json', ...needed], options, first);
  if (stdout === '') throw new Error(`the doctor ended with ${String(code)}: ${stderr}`);
  return { ...(JSON.parse(stdout) as Diagnosis), code };
}
