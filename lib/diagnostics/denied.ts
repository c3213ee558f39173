import type { TokenId } from '../../types/native';
import { ImpersonationError } from '../internal/error';
import { deniedChannel } from './channels';
import { identitiesOf } from './identities';
import { publish } from './publish';

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
