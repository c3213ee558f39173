import type { ChildProcess } from 'node:child_process';
import { constants } from 'node:os';
import type * as Package from '../unrouted';
import { complain } from './print';

/** The program is in a session of its own, so a terminal's signals do not reach it. */
const forwarded = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;

/** Exit codes of shells for programs that cannot be started. */
const startFailures: Readonly<Record<string, number>> = { ENOENT: 127, EACCES: 126 };

/** How a program ended. */
interface Ending {
  readonly code: number;
  readonly signal?: NodeJS.Signals;
}

function endingOf(child: ChildProcess, file: string): Promise<Ending> {
  return new Promise((resolve) => {
    child.once('error', (error: NodeJS.ErrnoException) => {
      complain(`${file} cannot be started: ${error.message}`);
      resolve({ code: startFailures[error.code ?? ''] ?? 1 });
    });
    child.once('exit', (code, signal) => {
      resolve(signal === null ? { code: code ?? 1 } : { code: 128 + constants.signals[signal], signal });
    });
  });
}

/**
 * Runs a program as a user, with this process's standard input and output. Returns its exit code. If a signal has ended
 * it, this process ends by the same signal.
 */
export async function runProgram(
  { Token }: typeof Package,
  { user, program: [file = '', ...args] }: { readonly user: string; readonly program: readonly string[] },
): Promise<number> {
  const token = await Token.forUser(user);
  let child: ChildProcess;
  try {
    child = token.spawn(file, args, { stdio: 'inherit' });
  } finally {
    token.close();
  }
  const handlers = forwarded.map((signal) => [signal, (): void => void child.kill(signal)] as const);
  for (const [signal, handler] of handlers) process.on(signal, handler);
  const { code, signal } = await endingOf(child, file);
  for (const [each, handler] of handlers) process.off(each, handler);
  // SIGUSR1 would make Node.js listen for debuggers, with the rights of this process.
  const isFatal = signal !== undefined && signal !== 'SIGUSR1';
  if (isFatal && process.platform !== 'win32') process.kill(process.pid, signal);
  return code;
}
