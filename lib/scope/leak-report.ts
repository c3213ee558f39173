import type { ScopeId } from '../../types/native';
import { native } from '../internal/binding';
import { hasOwn, textAt, textOf } from '../internal/call-sites';
import { openScopes } from './open-scopes';

const notKept = '\n(after so many other scopes in the same callback that its stack was not kept)';
const notShown = '\n(the stack cannot be shown: the program keeps it to itself)';

/** The function that the leaking code has called, if it is known. */
let foundIn: ((...args: never[]) => unknown) | undefined;

function openedAt(id: ScopeId): string {
  // No iterator, which the program may have replaced, and no index past the end, which may have an accessor.
  // eslint-disable-next-line @typescript-eslint/prefer-for-of
  for (let i = 0; i < openScopes.length; i++) {
    const scope = openScopes[i];
    if (scope?.id === id && hasOwn(scope, 'stack')) return textOf(scope) || notShown;
  }
  return notKept;
}

/**
 * Returns the report of a leak; `left` has the ids of the open scopes, each with its user. It runs only code of this
 * package: no builtin method that the program may have replaced, and no stack formatter of the program.
 */
export function describeLeak(where: string, left: readonly (ScopeId | string)[]): string {
  let opened = '';
  for (let i = 0; i < left.length; i += 2) {
    opened += `\nOpened by Token ${left[i + 1] as string}:${openedAt(left[i] as ScopeId)}`;
  }
  const here = foundIn ? `\nLeft open here:${textAt(foundIn)}` : '';
  return (
    `ImpersonationError [ERR_SCOPE_LEAKED]: An impersonation scope was still open ${where}. The thread has been ` +
    'reverted, and the process ends now: what follows would have run with the wrong identity' +
    `${opened}${here}`
  );
}

/**
 * Reverts the thread, writes to standard error which scope was left open and where it was opened, and ends the process
 * with exit code 70. No other code of the program runs, neither an exit handler nor a subscriber. An exception would not
 * do: a handler could swallow it, and the code that leaked the scope would continue as the process.
 */
export function reportLeak(where: string, at?: (...args: never[]) => unknown): never {
  foundIn = at;
  return native.reportLeak(where);
}
