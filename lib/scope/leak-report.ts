import type { ScopeId } from '../../types/native';
import { native } from '../internal/binding';
import { hasOwn, textAt, textOf } from '../internal/call-sites';
import { openScopes } from './open-scopes';

const notKept = '\n(after so many other scopes in the same callback that its stack was not kept)';
const notShown = '\n(the stack cannot be shown: the program keeps it to itself)';

/** Called by the code that leaks, where that is known. */
let foundIn: ((...args: never[]) => unknown) | undefined;

function openedAt(id: ScopeId): string {
  // Not past the end, where the program may have put accessors, nor by an iterator.
  // eslint-disable-next-line @typescript-eslint/prefer-for-of
  for (let i = 0; i < openScopes.length; i++) {
    const scope = openScopes[i];
    if (scope?.id === id && hasOwn(scope, 'stack')) return textOf(scope) || notShown;
  }
  return notKept;
}

/**
 * The report of a leak, `left` being the scopes and their users. Runs nothing but this package's own code: not what the
 * program has put in the place of methods of the language, nor its ways to show a stack.
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
 * Gives the thread its own identity back, writes which scope was left open and where it was opened to standard error,
 * and ends the process, before anything else of the program runs: no exit handler, no subscriber. An exception would not
 * do: a handler could swallow it, and the code that leaked would go on as the process.
 */
export function reportLeak(where: string, at?: (...args: never[]) => unknown): never {
  foundIn = at;
  return native.reportLeak(where);
}
