import type { TokenId } from '../../types/native';
import { ImpersonationError } from '../internal/error';
import { asProcess } from '../internal/flow-store';
import { deniedChannel, enterChannel, identitiesOf, publish, revertChannel } from './channels';
import type { ScopeMessage } from './messages';

interface Failure {
  readonly code?: string;
  readonly syscall?: string;
}

/** The paths of a file system operation, as text. */
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

/**
 * Publishes to `impersonate:denied` that a token could not be impersonated. A closed token has no identities to
 * publish.
 */
export function publishTokenDenied(
  operation: 'runSync' | 'impersonate' | 'run',
  id: TokenId,
  error: unknown,
): void {
  if (!(error instanceof ImpersonationError) || error.code === 'ERR_TOKEN_CLOSED') return;
  publishDenied(operation, id, error, {});
}

/** Publishes a failed file system operation to `impersonate:denied`, if it failed for lack of rights. */
export function publishIfDenied(operation: string, id: TokenId, error: unknown, paths: ShownPaths): void {
  const failure = error as Failure | null | undefined;
  const isDenied =
    failure?.code === 'EACCES' || failure?.code === 'EPERM' || error instanceof ImpersonationError;
  if (isDenied) publishDenied(operation, id, failure as Failure, paths);
}

/** Whether a channel for `runSync()` has subscribers. */
export const isRunSyncObserved = (): boolean =>
  enterChannel.hasSubscribers || revertChannel.hasSubscribers || deniedChannel.hasSubscribers;

/**
 * Publishes that the innermost scope, with token `id`, has been entered. Returns the message for `publishRevert`;
 * undefined if no channel for scopes has subscribers.
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

/** Publishes that a scope has been left, if its entry had a message. */
export function publishRevert({ message }: { message?: ScopeMessage | undefined }): void {
  if (message) publish(revertChannel, () => message);
}
