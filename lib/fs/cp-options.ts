import { invalid } from './invalid';
import { toBits, toBoolean } from './parse';

type Filter = (source: string, destination: string) => boolean | Promise<boolean>;

export interface CopyOptions {
  readonly dereference: boolean;
  readonly errorOnExist: boolean;
  readonly filter: Filter | undefined;
  readonly force: boolean;
  readonly mode: number;
  readonly preserveTimestamps: boolean;
  readonly recursive: boolean;
  readonly verbatimSymlinks: boolean;
}

const defaults = {
  ...{ dereference: false, errorOnExist: false, force: true, preserveTimestamps: false },
  ...{ recursive: false, verbatimSymlinks: false },
};

export function toCopyOptions(given: unknown): CopyOptions {
  if (given !== undefined && (typeof given !== 'object' || given === null || Array.isArray(given)))
    return invalid();
  const { filter, mode, ...all } = {
    ...defaults,
    ...(given as Record<string, unknown> | undefined),
  } as Record<string, unknown>;
  if (filter !== undefined && typeof filter !== 'function') return invalid();
  const options = {
    dereference: toBoolean(all.dereference),
    errorOnExist: toBoolean(all.errorOnExist),
    filter: filter as Filter | undefined,
    force: toBoolean(all.force),
    mode: toBits(mode),
    preserveTimestamps: toBoolean(all.preserveTimestamps),
    recursive: toBoolean(all.recursive),
    verbatimSymlinks: toBoolean(all.verbatimSymlinks),
  };
  return options.dereference && options.verbatimSymlinks ? invalid() : options;
}
