import { validateFunction, validateString } from '../internal/validate';
import type { ForIdsOptions } from './for-ids';
import { Token } from './token';

const accepted = 'a Token, a user name, or an object with uid and gid';

/** Returns the token to run as, or its promise, and whether it is the caller's. */
function toToken(who: unknown): { readonly token: Token | Promise<Token>; readonly isGiven: boolean } {
  if (typeof who === 'string') {
    validateString(who, 'who');
    return { token: Token.forUser(who), isGiven: false };
  }
  if (typeof who === 'object' && who !== null && 'uid' in who) {
    return { token: Token.forIds(who as ForIdsOptions), isGiven: false };
  }
  Token.validate(who, 'who', accepted);
  return { token: who, isGiven: true };
}

/**
 * Calls `fn` with `args` in an async flow of a user and resolves to its result. For a user by name or ids it makes the
 * token, as `Token.forUser()` or `Token.forIds()` does, and closes it when the result settles. A given token stays open.
 *
 * A service that acts for the same users often should keep their tokens, for example in a `TokenCache`: every call makes
 * a new one.
 *
 * @param who - A token, the name of a user, or a Linux user by `uid`, `gid` and `groups`.
 * @param fn - A function, async or not. It acts as the user until its promise settles.
 * @param args - Its arguments.
 * @returns What `fn` returns or resolves to.
 * @throws TypeError Rejects with `ERR_INVALID_ARG_TYPE` or `ERR_INVALID_ARG_VALUE`.
 * @throws ImpersonationError Rejects with what `Token.forUser()`, `Token.forIds()` and `token.run()` throw, such as
 * `ERR_UNKNOWN_USER`; on Windows with `ERR_TOKEN_LEVEL` for a name if the process has no SeTcbPrivilege.
 * @example
 * const text = await runAs('alice', () => fs.promises.readFile('/srv/files/report.txt', 'utf8'));
 */
export function runAs<A extends unknown[], R>(
  who: Token | string | ForIdsOptions,
  fn: (...args: A) => R,
  ...args: A
): Promise<Awaited<R>> {
  return new Promise<Awaited<R>>((resolve) => {
    validateFunction(fn, 'fn');
    const { token, isGiven } = toToken(who);
    const run = (one: Token): Promise<Awaited<R>> =>
      new Promise<Awaited<R>>((done) => {
        done(one.run(fn, ...args) as Awaited<R>);
      });
    const runAndClose = (one: Token): Promise<Awaited<R>> =>
      run(one).finally(() => {
        one.close();
      });
    if (!(token instanceof Promise)) resolve(isGiven ? run(token) : runAndClose(token));
    else resolve(token.then(runAndClose));
  });
}
