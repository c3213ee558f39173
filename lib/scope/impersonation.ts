import { watchScope } from './leak-detector';
import { revertChannel } from '../diagnostics/channels';
import { publishRefused } from '../diagnostics/scopes';
import { publishEnter, publishRevert } from '../diagnostics/scopes';
import { ImpersonationError } from '../internal/error';
import { native } from '../internal/binding';
import { noteFlow, scopeDepth } from './state';
import { forgetFrom, openScopes, scopesFrom, type OpenScope } from './open-scopes';
import { keepOpenedAt } from './open-scopes';
import type { Token } from '../token/token';
import type { TokenId } from '../../types/native';
import { illegalConstructor, internal } from '../internal/private';

/**
 * An open scope on this thread, from `token.impersonate()`:
 *
 *     {
 *       using scope = token.impersonate();
 *       fs.readFileSync(path); // as the user
 *     }
 *
 * For synchronous blocks. Scopes end innermost first. One that is still open across an `await` or `yield`, or
 * after the callback that opened it, ends the process with ERR_SCOPE_LEAKED.
 */
export class Impersonation {
  /** Who the scope acts as. */
  readonly token: Token;
  readonly #scope: OpenScope;

  /** @internal */
  constructor(key: symbol, token: Token, id: TokenId) {
    if (key !== internal) throw illegalConstructor('Impersonation');
    this.token = token;
    const scope: OpenScope = { id: 0 };
    this.#scope = scope;
    keepOpenedAt(scope, Impersonation);
    watchScope();
    openScopes.push(scope);
    try {
      // Last: an exception between here and the caller's `using` would leave a scope that nobody disposes.
      noteFlow();
      scope.id = native.enter(id);
      scope.message = publishEnter('scope', id, scopeDepth());
    } catch (error) {
      const entered = scope.id !== 0;
      if (entered) native.leave(scope.id);
      openScopes.pop();
      if (!entered) publishRefused('impersonate', id, error);
      throw error;
    }
  }

  /** Whether the thread still has this scope open. */
  get active(): boolean {
    return native.isOpen(this.#scope.id);
  }

  /**
   * Gives the thread back what it was before the scope. Does nothing the second time. If scopes that were opened
   * inside this one are still open they are left with it, and ERR_SCOPE_ORDER is thrown afterwards. Inside a
   * callback of `runSync` the scopes around it stay open, and ERR_SCOPE_ORDER is thrown: the rest of the callback
   * must not run as somebody else.
   */
  revert(): void {
    const scope = this.#scope;
    const left = native.leave(scope.id);
    if (left === 3) return;
    if (left === 2) {
      throw new ImpersonationError(
        'The scope encloses a runSync callback that is still running, and stays open',
        'ERR_SCOPE_ORDER',
      );
    }
    const ended = revertChannel.hasSubscribers ? scopesFrom(scope) : undefined;
    forgetFrom(scope);
    ended?.forEach(publishRevert);
    if (left === 1) {
      throw new ImpersonationError(
        'The scope was left before the scopes inside it: they have been left with it',
        'ERR_SCOPE_ORDER',
      );
    }
  }

  /** `revert()`. */
  [Symbol.dispose](): void {
    this.revert();
  }
}
