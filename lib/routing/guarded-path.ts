import type { FsPath } from '../../types/native';
import { native } from '../internal/binding';
import { codeOf, systemError } from '../fs/error';
import { bytesOf, isPath, textOf, toPath } from '../fs/path';
import { requirePermission } from '../fs/permission';
import type { AnyFunction } from './router';

/** Calls a synchronous function of node:fs on a thread that impersonates a user. */
export type SyncCall = (original: AnyFunction, receiver: unknown, args: unknown[], name: string) => unknown;

/** What the last component of a path refers to: the target of links, or the directory entry itself. */
export type LastComponent = 'target' | 'entry';
const numbers = { target: 0, entry: 2 } as const;

interface GuardedPath {
  readonly fd: number;
  /** Replaces the given path while the descriptor is open. */
  readonly path: FsPath;
  readonly given: FsPath;
}

/** Closes a descriptor of a guarded look-up. */
export function close(fd: number): void {
  native.fsHere<'close'>(native.fsCalls.close, fd);
}

/** Opens the path with the guarded look-up and returns a path to use instead, or an error number of libuv. */
export function openGuarded(given: FsPath, last: LastComponent): GuardedPath | number {
  const found = native.fsHere<'guard'>(native.fsCalls.guard, given, numbers[last], typeof given !== 'string');
  if (typeof found === 'number') return found;
  const [fd, path] = found[0];
  return { fd, path, given };
}

/** Returns 0 if the user of this thread can look the path up, otherwise libuv's error number. */
export function lookupError(path: FsPath, last: LastComponent): number {
  const found = openGuarded(path, last);
  if (typeof found === 'number') return found;
  close(found.fd);
  return 0;
}

/** Puts the caller's paths back into an error of node. */
function withGivenPaths(error: unknown, guards: readonly GuardedPath[]): unknown {
  if (!(error instanceof Error)) return error;
  const fields = error as unknown as Record<string, unknown>;
  for (const { path, given } of guards) {
    for (const field of ['message', 'stack', 'path', 'dest', 'resource']) {
      const text = fields[field];
      if (typeof text === 'string') fields[field] = text.replaceAll(textOf(path), textOf(given));
    }
  }
  return error;
}

/** Throws node's error for the arguments after the paths, if they are invalid. */
function validateOtherArgs(original: AnyFunction, args: readonly unknown[], paths: number): void {
  try {
    original(...args.map((arg, index) => (index < paths ? '' : arg)));
  } catch (error) {
    if (!(error instanceof Object && 'syscall' in error)) throw error;
  }
}

/**
 * Returns a call of node's function with guarded paths in place of its first arguments. A component of null leaves the
 * argument unchanged. If a look-up fails, the call throws node's error for `syscall`.
 */
export function withGuardedPaths(syscall: string, ...components: (LastComponent | null)[]): SyncCall {
  return (original, receiver, args) => {
    if (!components.every((_, index) => isPath(args[index]))) return Reflect.apply(original, receiver, args);
    const given = args.slice(0, components.length).map(toPath);
    requirePermission(syscall, given);
    const guards: GuardedPath[] = [];
    const use = (one: FsPath, index: number): FsPath => {
      const last = components[index];
      if (!last) return one;
      const found = openGuarded(one, last);
      if (typeof found === 'number') {
        validateOtherArgs(original, args, components.length);
        throw systemError(found, syscall, { path: given[0], dest: given[1] });
      }
      guards.push(found);
      return found.path;
    };
    try {
      return Reflect.apply(original, receiver, [...given.map(use), ...args.slice(components.length)]);
    } catch (error) {
      throw withGivenPaths(error, guards);
    } finally {
      for (const { fd } of guards) close(fd);
    }
  };
}

const endsInSlash = (path: FsPath): boolean => bytesOf(path).at(-1) === 0x2f;
const withSlash = (path: FsPath): FsPath =>
  typeof path === 'string' ? `${path}/` : Buffer.concat([path, Buffer.from('/')]);

/**
 * Like `withGuardedPaths`, for a function that does not follow a link at the end of the path, unless the path ends with
 * a slash.
 */
export function withGuardedLink(syscall: string): SyncCall {
  const entry = withGuardedPaths(syscall, 'entry');
  const target = withGuardedPaths(syscall, 'target');
  return (original, receiver, args, name) => {
    if (!isPath(args[0]) || !endsInSlash(toPath(args[0]))) return entry(original, receiver, args, name);
    const slashed: AnyFunction = (path, ...rest) => {
      const used = path === '' ? path : withSlash(path as FsPath);
      return Reflect.apply(original, receiver, [used, ...rest]);
    };
    return target(slashed, receiver, args, name);
  };
}

/**
 * Returns a call of node's function that first throws EACCES if the user may not look its paths up. For functions that
 * open further paths themselves.
 */
export function withCheckedPaths(syscall: string, ...components: LastComponent[]): SyncCall {
  return (original, receiver, args) => {
    const given = args.slice(0, components.length).map((arg) => (isPath(arg) ? toPath(arg) : undefined));
    components.forEach((last, index) => {
      const path = given[index];
      const error = path && systemError(lookupError(path, last), syscall, { path: given[0], dest: given[1] });
      if (codeOf(error) === 'EACCES') throw error as Error;
    });
    return Reflect.apply(original, receiver, args);
  };
}
