import type * as Deferred from '../deferred';
import { asProcess } from './flow-store';

type Parts = typeof Deferred;
let loadParts: () => Parts;
let parts: Parts | undefined;

/** Sets how the deferred part of the package is loaded. */
export function setDeferred(load: () => Parts): void {
  loadParts = load;
}

/** Returns the deferred part of the package, which is loaded on first use, as the process. */
export function deferred(): Parts {
  return (parts ??= asProcess(loadParts));
}

let waiting: (() => void)[] | undefined = [];

/**
 * Calls `install` before this thread has its first token, at once if it has one: what protects flows and scopes is not
 * needed before.
 */
export function beforeFirstToken(install: () => void): void {
  if (waiting) waiting.push(install);
  else install();
}

/** Makes this thread ready for tokens. Every new token calls it. */
export function prepareThread(): void {
  if (!waiting) return;
  const installs = waiting;
  asProcess(() => {
    for (let install = installs[0]; install; install = installs[0]) {
      install();
      installs.shift();
    }
  });
  waiting = undefined;
}
