import type { TokenId } from '../../types/native';
import { asProcess } from '../internal/as-process';
import { enterSync } from '../scope/conflict';
import { scopeDepth } from '../scope/state';
import { deniedChannel, enterChannel, revertChannel } from './channels';
import { publishRefused } from './denied';
import { identitiesOf } from './identities';
import type { ScopeMessage } from './messages';
import { publish } from './publish';

/** Whether anybody wants to know of a `runSync()`. */
export const isRunSyncObserved = (): boolean =>
  enterChannel.hasSubscribers || revertChannel.hasSubscribers || deniedChannel.hasSubscribers;

/**
 * Tells who listens that the innermost scope, of the token `id`, has been entered. What comes back is for
 * `publishRevert`: undefined if nobody wants to know of the scope.
 */
export function publishEnter(kind: ScopeMessage['kind'], id: TokenId): ScopeMessage | undefined {
  if (!enterChannel.hasSubscribers && !revertChannel.hasSubscribers) return undefined;
  const depth = scopeDepth();
  return asProcess(() => {
    const message = Object.freeze({ kind, depth, ...identitiesOf(id) });
    enterChannel.publish(message);
    return message;
  });
}

/** Tells who listens that a scope has been left, if its entry was told. */
export function publishRevert({ message }: { message?: ScopeMessage | undefined }): void {
  if (message) publish(revertChannel, () => message);
}

/** `enterSync`, with its events. */
export function runSyncObserved<A extends unknown[], R>(id: TokenId, fn: (...args: A) => R, args: A): R {
  const scope: { entered: boolean; message?: ScopeMessage | undefined } = { entered: false };
  try {
    return enterSync(id, () => {
      scope.entered = true;
      scope.message = publishEnter('runSync', id);
      return fn(...args);
    });
  } catch (error) {
    if (!scope.entered) publishRefused('runSync', id, error);
    throw error;
  } finally {
    publishRevert(scope);
  }
}
