import type { TokenId } from '../../types/native';
import { ImpersonationError } from '../internal/error';
import { asProcess } from '../internal/flow-store';
import { deniedChannel, enterChannel, identitiesOf, publish, revertChannel } from './channels';
import type { ScopeMessage } from './messages';

interface Failure {
  readonly code?: string;
  readonly syscall?: string;
}

/** Where a file system operation looked. */
export interface ShownPaths {
  readonly path?: string;
  readonly dest?: string;
}

function publishDenied(operation: string, id: TokenId, { code, syscall }: Failure, paths: ShownPaths): void {
  publish(deniedChannel, () => ({
    operation,
    code,
    ...(syscall !== undefined && { syscall }),
    ...paths,
    ...identitiesOf(id),
  }));
}

/** Tells who listens that the token could not be entered. Of one that is closed there is nothing to tell. */
export function publishRefused(
  operation: 'runSync' | 'impersonate' | 'run',
  id: TokenId,
  error: unknown,
): void {
  if (!(error instanceof ImpersonationError) || error.code === 'ERR_TOKEN_CLOSED') return;
  publishDenied(operation, id, error, {});
}

/** Tells who listens of a file system operation that failed, if it did so for want of rights. */
export function publishIfDenied(operation: string, id: TokenId, error: unknown, paths: ShownPaths): void {
  const failure = error as Failure | null | undefined;
  const isDenied =
    failure?.code === 'EACCES' || failure?.code === 'EPERM' || error instanceof ImpersonationError;
  if (isDenied) publishDenied(operation, id, failure as Failure, paths);
}

/** Whether anybody wants to know of a `runSync()`. */
export const isRunSyncObserved = (): boolean =>
  enterChannel.hasSubscribers || revertChannel.hasSubscribers || deniedChannel.hasSubscribers;

/**
 * Tells who listens that the innermost scope, of the token `id`, has been entered. What comes back is for
 * `publishRevert`: undefined if nobody wants to know of the scope.
 */
export function publishEnter(
  kind: ScopeMessage['kind'],
  id: TokenId,
  depth: number,
): ScopeMessage | undefined {
  if (!enterChannel.hasSubscribers && !revertChannel.hasSubscribers) return undefined;
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
