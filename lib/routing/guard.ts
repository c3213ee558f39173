import type { FsPath } from '../../types/native';
import { native } from '../internal/binding';
import { codeOf, systemError } from '../fs/error';
import { bytesOf, isPath, textOf, toPath } from '../fs/path';
import type { AnyFunction } from './router';

/** How one of node's synchronous functions is called on a thread that is a user's. */
export type Way = (original: AnyFunction, receiver: unknown, args: unknown[], name: string) => unknown;

/** What is at the end of links, or the entry of a directory. */
export type Last = 'target' | 'entry';
const numbers = { target: 0, entry: 2 } as const;

interface Guard {
  readonly fd: number;
  /** In place of the given one, as long as the descriptor is open. */
  readonly path: FsPath;
  readonly given: FsPath;
}

export function close(fd: number): void {
  native.fsHere<'close'>(native.fsCalls.close, fd);
}

/** A path that may be used in place of the given one, or libuv's error. */
function guard(given: FsPath, last: Last): Guard | number {
  const found = native.fsHere<'guard'>(native.fsCalls.guard, given, numbers[last], typeof given !== 'string');
  if (typeof found === 'number') return found;
  const [fd, path] = found[0];
  return { fd, path, given };
}

/** Libuv's error if nothing is there for this thread's user, else 0. */
export function errorAt(path: FsPath, last: Last): number {
  const found = guard(path, last);
  if (typeof found === 'number') return found;
  close(found.fd);
  return 0;
}

/** The error with the paths that the caller has given. */
function renamed(error: unknown, guards: readonly Guard[]): unknown {
  if (!(error instanceof Error)) return error;
  const fields = error as unknown as Record<string, unknown>;
  for (const { path, given } of guards) {
    for (const field of ['message', 'stack', 'path', 'dest']) {
      const text = fields[field];
      if (typeof text === 'string') fields[field] = text.replaceAll(textOf(path), textOf(given));
    }
  }
  return error;
}

/** Throws what node has against the arguments other than the paths, if anything. */
function expectValid(original: AnyFunction, args: readonly unknown[], paths: number): void {
  try {
    original(...args.map((arg, index) => (index < paths ? '' : arg)));
  } catch (error) {
    if (!(error instanceof Object && 'syscall' in error)) throw error;
  }
}

/**
 * Calls node's function with guarded paths in place of the first arguments; null leaves one as it is. If there is
 * nothing to guard, the error is node's of that system call.
 */
export function guarded(syscall: string, ...lasts: (Last | null)[]): Way {
  return (original, receiver, args) => {
    if (!lasts.every((_, index) => isPath(args[index]))) return Reflect.apply(original, receiver, args);
    const given = args.slice(0, lasts.length).map(toPath);
    const guards: Guard[] = [];
    const use = (one: FsPath, index: number): FsPath => {
      const last = lasts[index];
      if (!last) return one;
      const found = guard(one, last);
      if (typeof found === 'number') {
        expectValid(original, args, lasts.length);
        throw systemError(found, syscall, { path: given[0], dest: given[1] });
      }
      guards.push(found);
      return found.path;
    };
    try {
      return Reflect.apply(original, receiver, [...given.map(use), ...args.slice(lasts.length)]);
    } catch (error) {
      throw renamed(error, guards);
    } finally {
      for (const { fd } of guards) close(fd);
    }
  };
}

const endsInSlash = (path: FsPath): boolean => bytesOf(path).at(-1) === 0x2f;
const withSlash = (path: FsPath): FsPath =>
  typeof path === 'string' ? `${path}/` : Buffer.concat([path, Buffer.from('/')]);

/** For a function that looks at a link itself, except at the end of a path with a slash. */
export function guardedLink(syscall: string): Way {
  const entry = guarded(syscall, 'entry');
  const target = guarded(syscall, 'target');
  return (original, receiver, args, name) => {
    if (!isPath(args[0]) || !endsInSlash(toPath(args[0]))) return entry(original, receiver, args, name);
    const slashed: AnyFunction = (path, ...rest) => {
      const used = path === '' ? path : withSlash(path as FsPath);
      return Reflect.apply(original, receiver, [used, ...rest]);
    };
    return target(slashed, receiver, args, name);
  };
}

/** For a function that goes on from the paths by itself: they are checked before. */
export function checked(syscall: string, ...lasts: Last[]): Way {
  return (original, receiver, args) => {
    const given = args.slice(0, lasts.length).map((arg) => (isPath(arg) ? toPath(arg) : undefined));
    lasts.forEach((last, index) => {
      const path = given[index];
      const error = path && systemError(errorAt(path, last), syscall, { path: given[0], dest: given[1] });
      if (codeOf(error) === 'EACCES') throw error as Error;
    });
    return Reflect.apply(original, receiver, args);
  };
}
