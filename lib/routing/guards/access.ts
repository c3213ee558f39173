import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { accessSync } from '../../fs/operations';
import { currentIdentity } from '../../flow/identity';
import { isThreadImpersonating } from '../../flow/impersonating';

type Check = (...args: unknown[]) => unknown;

/** In place of `fs[name]`: `asUser` where the thread acts as a user. */
function replace(name: 'accessSync' | 'existsSync', asUser: Check): void {
  const value = new Proxy(fs[name] as Check, {
    apply: (original, receiver: unknown, args: unknown[]) =>
      isThreadImpersonating() ? asUser(...args) : Reflect.apply(original, receiver, args),
  });
  Object.defineProperty(fs, name, { value, writable: true, enumerable: true, configurable: true });
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
