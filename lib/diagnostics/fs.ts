import { fileURLToPath } from 'node:url';
import { asProcess } from '../internal/flow-store';
import type { Identity } from '../flow/identity';
import { deniedChannel, fsChannels, isFsTraced } from './channels';
import { publishIfDenied, type ShownPaths } from './scopes';
import { identitiesOf } from './channels';
import type { FsContext } from './messages';

/** Paths as a caller gave them; what is no path is not shown. */
export interface GivenPaths {
  readonly path?: unknown;
  readonly dest?: unknown;
}

/** A path as messages have it; undefined if it is none. */
export function shownPath(path: unknown): string | undefined {
  if (typeof path === 'string') return path;
  if (path instanceof Uint8Array) return Buffer.from(path).toString();
  if (!(path instanceof URL)) return undefined;
  try {
    return fileURLToPath(path);
  } catch {
    return path.href; // node will refuse it
  }
}

function shownPaths(given: GivenPaths): ShownPaths {
  const [path, dest] = [shownPath(given.path), shownPath(given.dest)];
  return { ...(path !== undefined && { path }), ...(dest !== undefined && { dest }) };
}

/** Whether anybody wants to know of file system operations. */
export const isFsObserved = (): boolean => deniedChannel.hasSubscribers || isFsTraced();

/**
 * `start()`, an operation as the identity, and its result; told to `tracing:impersonate:fs` as tracePromise() does,
 * and to `impersonate:denied`. Subscribers run as the process, and so does `start` until it returns.
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
 * `call()`, which is a synchronous operation as the identity, and its result; told to `tracing:impersonate:fs` as
 * traceSync() does, and to `impersonate:denied`. Subscribers run as the process, `call` as whoever the thread is.
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
