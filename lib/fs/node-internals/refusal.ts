import { argumentError } from '../../internal/error';
import { originals } from '../node-fs';
import { isPath } from '../path';

type AnyFunction = (...args: unknown[]) => unknown;

// Node's functions act as the process: what they get instead of a path exists nowhere and cannot be made.
const nowhere = '';
const nowhereToMake = process.platform === 'win32' ? '<none>\\' : '/dev/null/none/';

function harmless(name: string, paths: number, arity: number, args: readonly unknown[]): unknown[] {
  const instead = name.startsWith('mkdtemp') ? nowhereToMake : nowhere;
  return Array.from({ length: arity }, (_, index) =>
    index < paths && isPath(args[index]) ? instead : args[index],
  );
}

/** Whether node refused the arguments, rather than that it came to do something with a path. */
function isRefusal(error: unknown): boolean {
  return error instanceof Object && !('syscall' in error && !('info' in error));
}

function nameless(name: string): TypeError {
  return argumentError('ERR_INVALID_ARG_VALUE', `The arguments of ${name}() are not valid`);
}

/** What node's function with a callback throws for arguments that are not valid. The first `paths` are paths. */
export function refusal(name: string, paths: number, arity: number, args: readonly unknown[]): unknown {
  const original = (originals as unknown as Record<string, AnyFunction | undefined>)[name];
  try {
    original?.(...harmless(name, paths, arity, args), () => {});
  } catch (error) {
    if (isRefusal(error)) return error;
  }
  return nameless(name);
}

/** A promise rejected as that of node's function for promises. */
export function rejection(
  name: string,
  paths: number,
  arity: number,
  args: readonly unknown[],
): Promise<never> {
  const original = (originals.promises as unknown as Record<string, AnyFunction | undefined>)[name];
  const asked = Promise.resolve(original?.(...harmless(name, paths, arity, args)));
  const refuse = (error?: unknown): never => {
    throw error !== undefined && isRefusal(error) ? error : refusal(name, paths, arity, args);
  };
  return asked.then(() => refuse(), refuse);
}
