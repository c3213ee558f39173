import type { FsPath } from '../../../types/native';
import { argumentError } from '../../internal/error';
import { originals } from '../node-fs';
import { isPath, textOf } from '../path';

type AnyFunction = (...args: unknown[]) => unknown;

// Node's functions act as the process. They get paths that cannot exist in place of the caller's.
const nowhere = '';
const nowhereToMake = process.platform === 'win32' ? '<none>\\' : '/dev/null/none/';

/** The number of leading arguments that are paths, if it is not one. */
const pathCounts: Readonly<Record<string, 0 | 2>> = {
  ...{ copyFile: 2, cp: 2, link: 2, rename: 2, symlink: 2 },
  ...{ fchmod: 0, fchown: 0, futimes: 0 },
};

/** Returns how many leading arguments of a function, or of its synchronous form, are paths. */
export const pathCount = (name: string): number => pathCounts[name.replace(/Sync$/, '')] ?? 1;

/** Returns the arguments with paths that cannot exist. */
function harmless(name: string, paths: number, arity: number, args: readonly unknown[]): unknown[] {
  const instead = name.startsWith('mkdtemp') ? nowhereToMake : nowhere;
  return Array.from({ length: arity }, (_, index) =>
    index < paths && isPath(args[index]) ? instead : args[index],
  );
}

/** Whether an error of node is about the arguments; an error of a system call means that node accepted them. */
function isArgumentError(error: unknown): boolean {
  return error instanceof Object && !('syscall' in error && !('info' in error));
}

function genericError(name: string): TypeError {
  return argumentError('ERR_INVALID_ARG_VALUE', `The arguments of ${name}() are not valid`);
}

function errorOfNode(name: string, args: unknown[]): unknown {
  const original = (originals as unknown as Record<string, AnyFunction | undefined>)[name];
  try {
    original?.(...args);
  } catch (error) {
    if (isArgumentError(error)) return error;
  }
  return genericError(name);
}

/**
 * Returns the error that node's function with a callback throws for invalid arguments. The first `paths` arguments are
 * paths.
 */
export function nodeArgumentError(
  name: string,
  paths: number,
  arity: number,
  args: readonly unknown[],
): unknown {
  return errorOfNode(name, [...harmless(name, paths, arity, args), () => {}]);
}

/** Has node print its warning about rmdir() with `recursive`, which it prints once. */
export function warnOfRecursiveRmdir(): void {
  (originals as unknown as Record<string, AnyFunction>).rmdir?.(nowhere, { recursive: true }, () => {});
}

/** Has node print its warning about a name with random letters after an X, which it prints once. */
export function warnOfTemplate(prefix: FsPath): void {
  if (!textOf(prefix).endsWith('X')) return;
  try {
    originals.mkdtempSync(`${nowhereToMake}X`);
  } catch {
    // There is no such directory.
  }
}

/** Returns the error that node's function throws if it is called without a callback. */
export const nodeCallbackError = (name: string, args: readonly unknown[]): unknown =>
  // Node's rm() does not check its callback.
  name === 'rm'
    ? errorOfNode('access', [''])
    : errorOfNode(name, harmless(name, pathCount(name), args.length, args));

/** Returns a promise that rejects like node's function in fs.promises for invalid arguments. */
export function nodeRejection(
  name: string,
  paths: number,
  arity: number,
  args: readonly unknown[],
): Promise<never> {
  const original = (originals.promises as unknown as Record<string, AnyFunction | undefined>)[name];
  const called = Promise.resolve(original?.(...harmless(name, paths, arity, args)));
  const fail = (error?: unknown): never => {
    throw error !== undefined && isArgumentError(error) ? error : nodeArgumentError(name, paths, arity, args);
  };
  return called.then(() => fail(), fail);
}
