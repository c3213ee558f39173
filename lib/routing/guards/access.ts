import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { accessSync } from '../../fs/operations';
import { currentIdentity } from '../../flow/identity';
import { isThreadImpersonating } from '../../flow/identity';
import { replaceMethod } from '../router';

/** Has `asUser` called in place of `fs[name]` where the thread acts as a user. */
function replace(name: 'accessSync' | 'existsSync', asUser: (...args: unknown[]) => unknown): void {
  replaceMethod(fs, name, (original, receiver, args) =>
    isThreadImpersonating() ? asUser(...args) : Reflect.apply(original, receiver, args),
  );
}

/** faccessat2 with AT_EACCESS on this thread, which acts as the user. */
function check(path: unknown, mode?: unknown): void {
  const identity = currentIdentity();
  if (identity) accessSync(identity, path, mode);
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
 * On Linux node asks access(2), which decides by the real uid. That is a reserved one while a thread acts as a user, so
 * fs.accessSync() and fs.existsSync() ask for the effective ids there.
 */
export function guardAccess(): void {
  replace('accessSync', check);
  replace('existsSync', exists);
  syncBuiltinESMExports();
}
