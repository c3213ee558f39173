import { isMainThread } from 'node:worker_threads';
import { native } from './binding';
import { leakChannel } from './diagnostics/channels';
import { processPrincipal } from './diagnostics/identities';
import type { ScopeLeakMessage } from './diagnostics/messages';
import { publish } from './diagnostics/publish';
import { ImpersonationError } from './error';
import { abandonAll, type OpenScope } from './open-scopes';

const noStack = '(after so many other scopes in the same callback that its stack was not kept)';

/** EX_SOFTWARE of sysexits.h. */
const exitCode = 70;

/** What is known of a leak beyond the scopes that are open. */
interface LeakFound {
  /** Which scopes it is about, where they have been left already. */
  readonly scopes?: readonly OpenScope[];
  /** Called by the code that leaks. */
  readonly at?: (...args: never[]) => unknown;
}

let reported = false;

/** The stack up to the call of `below`. */
function stackAt(below: (...args: never[]) => unknown): string {
  const holder: { stack?: string } = {};
  Error.captureStackTrace(holder, below);
  return holder.stack ?? '';
}

function messageFor(
  scopes: readonly OpenScope[],
  where: string,
  at: ((...args: never[]) => unknown) | undefined,
): string {
  const error = new ImpersonationError(
    `An impersonation scope was still open ${where}. The thread has been reverted, and the process ends now: ` +
      'what follows would have run with the wrong identity',
    'ERR_SCOPE_LEAKED',
  );
  const opened = scopes
    .map(({ token, stack }) => `Opened by ${token.toString()}:\n${stack ?? noStack}`)
    .join('\n');
  const left = at ? `\nLeft open here:\n${stackAt(at)}` : '';
  return `${error.name} [${error.code}]: ${error.message}\n${opened}${left}`;
}

function publishLeaks(scopes: readonly OpenScope[], where: string): void {
  for (const { token, stack, message } of scopes) {
    publish(leakChannel, (): ScopeLeakMessage => {
      const user = message?.user ?? (token.closed ? undefined : token.user);
      const process = processPrincipal();
      return { kind: 'scope', where, ...(stack !== undefined && { stack }), process, ...(user && { user }) };
    });
  }
}

/**
 * Gives the thread its own identity back, says which scope was left open and where it was opened, also to
 * `impersonate:leak`, and ends the process. Exit handlers run first on the main thread, as the process. An exception would not do: a handler
 * could swallow it, and the code that leaked would go on as the process.
 */
export function reportLeak(where: string, { scopes, at }: LeakFound = {}): void {
  native.leaveAll();
  const left = scopes ?? abandonAll();
  if (reported) return;
  reported = true;
  const message = messageFor(left, where, at);
  if (!isMainThread) {
    try {
      publishLeaks(left, where);
    } finally {
      native.die(message, exitCode);
    }
  }
  native.print(message);
  // An exit handler that calls process.exit() ends no other way.
  Reflect.set(process, 'reallyExit', () => native.die('', exitCode));
  try {
    process.exitCode = exitCode;
    publishLeaks(left, where);
    process.emit('exit', exitCode);
  } finally {
    native.die('', exitCode);
  }
}
