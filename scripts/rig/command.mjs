import { capture } from '../support/run.mjs';

/** Runs a program to its end and resolves to its output. Rejects with the output unless the exit code is 0. */
export async function run(program, args) {
  const { code, signal, output } = await capture(program, args);
  if (code === 0) return output;
  throw new Error(`${program} ${args[0]} ended with ${signal ?? `code ${code}`}:\n${output.trim()}`);
}
