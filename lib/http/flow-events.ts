import type { EventEmitter } from 'node:events';
import { currentFlow, runInFlow } from '../internal/flow-store';

/**
 * From now on every event of `emitter` is handled in the running flow. Requests and responses are driven by their
 * connection, whose own flow is the process's, or that of another request.
 */
export function emitInFlow(emitter: EventEmitter): void {
  const flow = currentFlow() ?? null;
  const emit = emitter.emit.bind(emitter);
  emitter.emit = (...args) => runInFlow(flow, emit, ...args);
}
