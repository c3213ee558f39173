import type { Principal } from '../token/principal';

/** Who the process is, and who it acted as. */
export interface Identities {
  readonly process: Principal;
  readonly user: Principal;
}

/** What `impersonate:enter` and `impersonate:revert` say, as one object for both ends of a scope. */
export interface ScopeMessage extends Identities {
  /** `runSync()`, or the scope object of `impersonate()`. */
  readonly kind: 'runSync' | 'scope';
  /** Scopes open on the thread, this one included; a `withoutToken()` inside a scope counts as one. */
  readonly depth: number;
}

/** What `impersonate:denied` says. */
export interface DeniedMessage extends Identities {
  /**
   * What was to be entered: `runSync`, `impersonate` or `run`. Or what was to be done with a file: libuv's name of the
   * call, or for a synchronous function of node:fs the function's name.
   */
  readonly operation: string;
  readonly code: string;
  /** The system call that was refused. */
  readonly syscall?: string;
  readonly path?: string;
  readonly dest?: string;
}

/** What `impersonate:leak` says of a handle that its flow has left open. */
export interface HandleLeakMessage extends Identities {
  readonly kind: 'handle';
  readonly path: string;
  /** Absent for a directory. */
  readonly fd?: number;
  /** Where it was opened. */
  readonly stack: string;
}

export type LeakMessage = HandleLeakMessage;

/** What the channels of `tracing:impersonate:fs` say: one object for all events of an operation. */
export interface FsContext extends Identities {
  /** As in DeniedMessage. */
  readonly operation: string;
  readonly path?: string;
  readonly dest?: string;
  /** From the event `error` on. Results are not told: they may be what a file contains. */
  error?: unknown;
}
