import { fileURLToPath } from 'node:url';
import { asProcess } from '../internal/flow-store';
import type { Identity } from '../flow/identity';
import { deniedChannel, fsChannels, identitiesOf, isFsTraced } from './channels';
import { publishIfDenied, type ShownPaths } from './scopes';
import type { FsContext } from './messages';

/** The paths that the caller gave, not validated. Values that are not paths are not published. */
export interface GivenPaths {
  readonly path?: unknown;
  readonly dest?: unknown;
}

/** Returns a path as text for a message; undefined if the value is not a path. */
export function shownPath(path: unknown): string | undefined {
  if (typeof path === 'string') return path;
  if (path instanceof Uint8Array) return Buffer.from(path).toString();
  if (!(path instanceof URL)) return undefined;
  try {
    return fileURLToPath(path);
  } catch {
    return path.href; // node throws for it
  }
}

function shownPaths(given: GivenPaths): ShownPaths {
  const [path, dest] = [shownPath(given.path), shownPath(given.dest)];
  return { ...(path !== undefined && { path }), ...(dest !== undefined && { dest }) };
}

/** Whether a channel for file system operations has subscribers. */
export const isFsObserved = (): boolean => deniedChannel.hasSubscribers || isFsTraced();

/**
 * Calls `start`, which starts an operation as the identity, and returns its result. The operation is published to
 * `tracing:impersonate:fs` like tracePromise(), and to `impersonate:denied`. The subscribers and the synchronous part
 * of `start` run as the process.
 */
export function observeJob<T>(
  operation: string,
  identity: Identity,
  given: GivenPaths,
  start: () => Promise<T>,
): Promise<T> {
  if (!isFsObserved()) return start();
  const { id } = identity.tokenRef;
  const paths = shownPaths(given);
  const { asyncStart, asyncEnd, error: errorChannel, end } = fsChannels;
  return asProcess(() => {
    const context: FsContext = { operation, ...paths, ...identitiesOf(id) };
    const settled = (): void => {
      asyncStart.publish(context);
      asyncEnd.publish(context);
    };
    const failed = (error: unknown): void => {
      context.error = error;
      errorChannel.publish(context);
      publishIfDenied(operation, identity.tokenRef.id, error, paths);
    };
    return fsChannels.start.runStores(context, () => {
      try {
        return start().then(
          (value) => {
            asProcess(settled);
            return value;
          },
          (error: unknown) => {
            asProcess(() => {
              failed(error);
              settled();
            });
            throw error;
          },
        );
      } catch (error) {
        failed(error);
        throw error;
      } finally {
        end.publish(context);
      }
    });
  });
}

/**
 * Calls `call`, a synchronous operation as the identity, and returns its result. The operation is published to
 * `tracing:impersonate:fs` like traceSync(), and to `impersonate:denied`. The subscribers run as the process; `call`
 * runs under the identity that the thread has.
 */
export function observeSync<T>(operation: string, identity: Identity, given: GivenPaths, call: () => T): T {
  if (!isFsObserved()) return call();
  const { id } = identity.tokenRef;
  const paths = shownPaths(given);
  const { start, end, error: errorChannel } = fsChannels;
  const context: FsContext = asProcess(() => ({ operation, ...paths, ...identitiesOf(id) }));
  asProcess(() => {
    start.publish(context);
  });
  try {
    return call();
  } catch (error) {
    context.error = error;
    asProcess(() => {
      errorChannel.publish(context);
    });
    publishIfDenied(operation, id, error, paths);
    throw error;
  } finally {
    asProcess(() => {
      end.publish(context);
    });
  }
}
