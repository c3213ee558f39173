import fs from 'node:fs';
import { currentIdentity, isThreadImpersonating } from '../../flow/identity';
import { deferred } from '../../internal/deferred';
import { replaceMethod } from '../router';

/** Replaces `fs[name]` by a function that calls `asUser` while the thread impersonates. */
function replace(name: 'accessSync' | 'existsSync', asUser: (...args: unknown[]) => unknown): void {
  replaceMethod(fs, name, (original, receiver, args) =>
    isThreadImpersonating() ? asUser(...args) : Reflect.apply(original, receiver, args),
  );
}

/** Checks access on this thread with faccessat2 and AT_EACCESS. */
function check(path: unknown, mode?: unknown): void {
  const identity = currentIdentity();
  if (identity) deferred().accessSync(identity, path, mode);
}

function exists(path: unknown): boolean {
  try {
    check(path);
    return true;
  } catch {
    return false;
  }
}

/**
 * Makes fs.accessSync() and fs.existsSync() check the effective ids. Node uses access(2), which checks the real uid,
 * and that is a reserved one while a thread impersonates.
 */
export function guardAccess(): void {
  replace('accessSync', check);
  replace('existsSync', exists);
}
