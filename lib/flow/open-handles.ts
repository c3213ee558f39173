import type { EventEmitter } from 'node:events';
import type { FileHandle } from 'node:fs/promises';
import { types } from 'node:util';
import { stackOf } from '../internal/call-sites';
import { identitiesOf, leakChannel, publish } from '../diagnostics/channels';
import { shownPath } from '../diagnostics/fs';
import type { HandleLeakMessage } from '../diagnostics/messages';
import { ImpersonationError } from '../internal/error';
import type { Flow } from '../internal/flow-store';
import { isOwn } from '../internal/own-folder';
import type { Identity } from './identity';
import { validateBoolean } from '../internal/validate';

interface OpenHandle {
  readonly shown: Pick<HandleLeakMessage, 'path' | 'fd' | 'stack'>;
  /** The open handles of the same flow. Not the flow itself: a handle must not keep a token open. */
  readonly siblings: Set<OpenHandle>;
}

/** Records that the handle is open, with its descriptor if it has one. Returns the function to call when it closes. */
export type RecordOpened = (fd?: number) => () => void;

/** The handles of flows that began with a subscriber or in strict mode, and have not settled. */
const handlesOf = new WeakMap<Identity, Set<OpenHandle>>();
/** The handles of all flows of this thread. A handle whose close was not seen is removed when its descriptor is reused. */
const byDescriptor = new Map<number, OpenHandle>();
let strict = false;

/**
 * Sets whether later flows of this thread reject with `ERR_HANDLE_LEAKED` if they end with a file, folder or stream open:
 * an open handle can be used by all code of the process. Off by default.
 *
 * @param on - Whether to reject.
 * @throws TypeError `ERR_INVALID_ARG_TYPE`.
 * @example
 * setStrictHandles(process.env.NODE_ENV !== 'production');
 */
export function setStrictHandles(on: boolean): void {
  validateBoolean(on, 'on');
  strict = on;
}

function forget(handle: OpenHandle): void {
  handle.siblings.delete(handle);
  const { fd } = handle.shown;
  if (fd !== undefined && byDescriptor.get(fd) === handle) byDescriptor.delete(fd);
}

/** Returns the present stack without frames of this package. */
function callers(): string {
  const sites = stackOf(callers).filter((site) => !isOwn(site.getFileName() ?? ''));
  return sites
    .slice(0, Error.stackTraceLimit)
    .map((site) => `    at ${(site as { toString(): string }).toString()}`)
    .join('\n');
}

/**
 * Begins to track a handle that is about to be opened at a path. Undefined if it needs no tracking: without a subscriber
 * or strict mode, and in a synchronous scope, whose handles are meant to outlive a flow.
 */
export function recordOpening(identity: Identity, given: unknown): RecordOpened | undefined {
  const siblings = handlesOf.get(identity);
  if (!siblings) return undefined;
  const path = shownPath(given) ?? '';
  const stack = callers();
  return (fd) => {
    if (fd !== undefined) recordClose(fd);
    const handle: OpenHandle = { shown: { path, ...(fd !== undefined && { fd }), stack }, siblings };
    siblings.add(handle);
    if (fd !== undefined) byDescriptor.set(fd, handle);
    return () => {
      forget(handle);
    };
  };
}

/** Tracks a FileHandle from its opening to its close, and returns `opening`. */
export function recordFileHandle(
  identity: Identity,
  given: unknown,
  opening: Promise<FileHandle>,
): Promise<FileHandle> {
  const opened = recordOpening(identity, given);
  if (!opened) return opening;
  return opening.then((handle) => {
    (handle as FileHandle & Pick<EventEmitter, 'once'>).once('close', opened(handle.fd));
    return handle;
  });
}

/** Ends the tracking of a descriptor that is about to be closed. */
export function recordClose(fd: number): void {
  const handle = byDescriptor.get(fd);
  if (handle) forget(handle);
}

function leakError(handles: readonly OpenHandle[]): ImpersonationError {
  const list = handles.map(({ shown }) => `${shown.path}\n${shown.stack}`).join('\n');
  return new ImpersonationError(
    `The flow ended with handles open, which all code of the process can use. Close them in the flow:\n${list}`,
    'ERR_HANDLE_LEAKED',
  );
}

/** Publishes the handles that the flow left open, once. Returns the error of strict mode. */
function reportHandles(flow: Flow): ImpersonationError | undefined {
  const handles = [...(handlesOf.get(flow) ?? [])];
  handlesOf.delete(flow);
  handles.forEach(forget);
  for (const { shown } of handles) {
    publish(leakChannel, (): HandleLeakMessage => ({
      kind: 'handle',
      ...shown,
      ...identitiesOf(flow.tokenRef.id),
    }));
  }
  return strict && handles.length !== 0 ? leakError(handles) : undefined;
}

/** Calls `start`, which starts the flow, and tracks its handles until its promise settles. */
export function withHandlesWatched<R>(flow: Flow, start: () => R): R {
  if (!strict && !leakChannel.hasSubscribers) return start();
  handlesOf.set(flow, new Set());
  const result = start();
  if (!types.isPromise(result)) {
    // The flow continues in callbacks, and its end is unknown.
    handlesOf.delete(flow);
    return result;
  }
  return result.then(
    (value: unknown) => {
      const error = reportHandles(flow);
      if (error) throw error;
      return value;
    },
    (error: unknown) => {
      reportHandles(flow);
      throw error;
    },
  ) as R;
}
