import { revertChannel } from '../diagnostics/channels';
import { publishEnter, publishRevert, publishTokenDenied } from '../diagnostics/scopes';
import { ImpersonationError } from '../internal/error';
import { native } from '../internal/binding';
import { deferred } from '../internal/deferred';
import { recordFlow, scopeDepth } from './state';
import { forgetFrom, keepOpenedAt, openScopes, scopesFrom, type OpenScope } from './open-scopes';
import type { Token } from '../token/token';
import type { TokenId } from '../../types/native';
import { illegalConstructor, internal } from '../internal/private';

/**
 * An open scope of this thread, made by `token.impersonate()`. For synchronous blocks. Scopes end innermost first. A scope
 * that is open across an `await` or `yield`, or after the callback that opened it, ends the process with
 * `ERR_SCOPE_LEAKED`.
 *
 * @example
 * using scope = token.impersonate();
 * const text = fs.readFileSync('/srv/files/report.txt', 'utf8');
 */
export class Impersonation {
  /** The token that the scope acts as. */
  readonly token: Token;
  readonly #scope: OpenScope;

  /** @internal */
  constructor(key: symbol, token: Token, id: TokenId) {
    if (key !== internal) throw illegalConstructor('Impersonation');
    this.token = token;
    const scope: OpenScope = { id: 0 };
    this.#scope = scope;
    keepOpenedAt(scope, Impersonation);
    deferred().watchScope();
    openScopes.push(scope);
    try {
      // Last: after an exception between here and the caller's `using`, nothing would dispose the scope.
      recordFlow();
      scope.id = native.enter(id);
      scope.message = publishEnter('scope', id, scopeDepth());
    } catch (error) {
      const entered = scope.id !== 0;
      if (entered) native.leave(scope.id);
      openScopes.pop();
      if (!entered) publishTokenDenied('impersonate', id, error);
      throw error;
    }
  }

  /** Whether this scope is open. */
  get active(): boolean {
    return native.isOpen(this.#scope.id);
  }

  /**
   * Restores the identity that the thread had before the scope (SetThreadToken; the ids and groups on Linux). A second call
   * does nothing. If the restore fails, the process aborts.
   *
   * @throws ImpersonationError `ERR_SCOPE_ORDER` if scopes inside this one are open: they are ended with it. The same if
   * the call is made in a callback of `runSync` inside the scope: the scope then stays open, as the rest of the callback
   * must not run with another identity.
   * @example
   * const scope: Impersonation = token.impersonate();
   * try {
   *   fs.readFileSync('/srv/files/report.txt');
   * } finally {
   *   scope.revert();
   * }
   */
  revert(): void {
    const scope = this.#scope;
    const left = native.leave(scope.id);
    if (left === 3) return;
    if (left === 2) {
      throw new ImpersonationError(
        'The scope encloses a running callback of runSync, and stays open. Revert it after the callback',
        'ERR_SCOPE_ORDER',
      );
    }
    const ended = revertChannel.hasSubscribers ? scopesFrom(scope) : undefined;
    forgetFrom(scope);
    ended?.forEach(publishRevert);
    if (left === 1) {
      throw new ImpersonationError(
        'The scope was reverted before the scopes inside it, which have been reverted with it. Use `using`',
        'ERR_SCOPE_ORDER',
      );
    }
  }

  /** Calls `revert()`, for `using`. */
  [Symbol.dispose](): void {
    this.revert();
  }
}
