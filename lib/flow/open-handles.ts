import type { EventEmitter } from 'node:events';
import type { FileHandle } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { types } from 'node:util';
import { stackOf } from '../internal/call-sites';
import { leakChannel } from '../diagnostics/channels';
import { shownPath } from '../diagnostics/fs';
import { identitiesOf } from '../diagnostics/channels';
import type { HandleLeakMessage } from '../diagnostics/messages';
import { publish } from '../diagnostics/channels';
import { ImpersonationError } from '../internal/error';
import type { Flow } from '../internal/flow-store';
import type { Identity } from './identity';
import { validateBoolean } from '../internal/validate';

interface OpenHandle {
  readonly shown: Pick<HandleLeakMessage, 'path' | 'fd' | 'stack'>;
  /** What the same flow has open besides. It is not the flow itself: a handle must not keep a token open. */
  readonly siblings: Set<OpenHandle>;
}

/** To be called once it is open, with the descriptor if it has one; what comes back, when it closes. */
export type NoteOpened = (fd?: number) => () => void;

/** Of flows that began while somebody wanted to know, and have not settled. */
const handlesOf = new WeakMap<Identity, Set<OpenHandle>>();
/** Of all flows of this thread. What has closed unseen is forgotten when its descriptor is used again. */
const byDescriptor = new Map<number, OpenHandle>();
let strict = false;

/**
 * Whether flows that begin on this thread from now on are rejected with ERR_HANDLE_LEAKED if they leave a handle open.
 * Off at first.
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

/** The calls that led here, without this package's own. */
function callers(): string {
  const own = join(__dirname, '..', sep);
  const sites = stackOf(callers).filter((site) => !site.getFileName()?.startsWith(own));
  return sites
    .slice(0, Error.stackTraceLimit)
    .map((site) => `    at ${(site as { toString(): string }).toString()}`)
    .join('\n');
}

/**
 * To be called where something is opened as the identity, with its path. Undefined if that needs no watching: nobody
 * wants to know, or it is opened in a synchronous scope, and not in a flow.
 */
export function noteOpening(identity: Identity, given: unknown): NoteOpened | undefined {
  const siblings = handlesOf.get(identity);
  if (!siblings) return undefined;
  const path = shownPath(given) ?? '';
  const stack = callers();
  return (fd) => {
    if (fd !== undefined) noteClosed(fd);
    const handle: OpenHandle = { shown: { path, ...(fd !== undefined && { fd }), stack }, siblings };
    siblings.add(handle);
    if (fd !== undefined) byDescriptor.set(fd, handle);
    return () => {
      forget(handle);
    };
  };
}

/** `opening`; the handle is noted when it is open, and again when it closes. */
export function noteFileHandle(
  identity: Identity,
  given: unknown,
  opening: Promise<FileHandle>,
): Promise<FileHandle> {
  const opened = noteOpening(identity, given);
  if (!opened) return opening;
  return opening.then((handle) => {
    (handle as FileHandle & Pick<EventEmitter, 'once'>).once('close', opened(handle.fd));
    return handle;
  });
}

/** To be called when a bare descriptor, or a stream's, is about to be closed. */
export function noteClosed(fd: number): void {
  const handle = byDescriptor.get(fd);
  if (handle) forget(handle);
}

function leakError(handles: readonly OpenHandle[]): ImpersonationError {
  const list = handles.map(({ shown }) => `${shown.path}\n${shown.stack}`).join('\n');
  return new ImpersonationError(
    `What was opened in the flow is still open at its end, to everybody in the process:\n${list}`,
    'ERR_HANDLE_LEAKED',
  );
}

/** Reports what the flow has left open, once; the error that strict mode asks for. */
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

/** Calls `start`, which starts the flow; whether it is a promise that comes back, or not. */
export function withHandlesWatched<R>(flow: Flow, start: () => R): R {
  if (!strict && !leakChannel.hasSubscribers) return start();
  handlesOf.set(flow, new Set());
  const result = start();
  if (!types.isPromise(result)) {
    // The work of the flow goes on in callbacks, and has no end.
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
