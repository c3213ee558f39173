import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads';
import { install } from './install';

const key = 'impersonate/register';

/** Installs it on this thread, and on the threads that come of it as soon as they load this package. */
export function installForAll(): void {
  setEnvironmentData(key, true);
  install();
}

/**
 * Installs it if the thread that made this one has it. Node's own options do not see to that: a worker may be started
 * without them, and one whose source is given as a string does not wait for --import.
 */
export function installIfInherited(): void {
  if (getEnvironmentData(key) === true) install();
}
