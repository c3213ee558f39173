import type { Dirent } from 'node:fs';
import type { DirId, FsCallName, FsCalls, FsEntries, FsPath } from '../../types/native';
import type { Identity } from '../flow/identity';
import { promiseOf } from '../internal/error';
import { isDirectory, toDirent, withTypes, type Entry } from './entries';
import { callOnThread, jobSync, startJob } from './job';
import { type Encoding, join, needsBytes } from './path';

/** The options of opendir(), validated and with defaults. */
export interface DirOptions {
  readonly encoding: Encoding;
  /** The number of entries that are read at a time. */
  readonly bufferSize: number;
  readonly recursive: boolean;
}

/** A call of libuv: its name and its arguments. */
type Call = { [K in FsCallName]: [call: K, ...args: FsCalls[K]['args']] }[FsCallName];
/**
 * A generator that yields calls of libuv and receives their results, so that one implementation serves both the
 * synchronous and the asynchronous functions.
 */
export type Steps<T> = Generator<Call, T, unknown>;

interface OpenDirectory {
  readonly id: DirId;
  readonly path: FsPath;
}

function runWith<T>(steps: Steps<T>, invoke: (...call: Call) => unknown): T {
  let step = steps.next();
  while (!step.done) {
    let result: unknown;
    try {
      result = invoke(...step.value);
    } catch (error) {
      step = steps.throw(error);
      continue;
    }
    step = steps.next(result);
  }
  return step.value;
}

/** Runs the steps on this thread under the identity's token, and returns their result. */
export const runStepsSync = <T>(identity: Identity, steps: Steps<T>): T =>
  runWith(steps, (call, ...args) => jobSync(identity, call, ...(args as never)));

/** Runs the steps on this thread under the identity that it has, and returns their result. */
export const runStepsOnThread = <T>(steps: Steps<T>): T =>
  runWith(steps, (call, ...args) => callOnThread(call, ...(args as never)));

/** Runs the steps on user threads under the identity's token. */
export function runSteps<T>(identity: Identity, steps: Steps<T>): Promise<T> {
  const advance = (step: IteratorResult<Call, T>): T | Promise<T> => {
    if (step.done) return step.value;
    const [call, ...args] = step.value;
    return startJob(identity, call, ...(args as never)).then(
      (result) => advance(steps.next(result)),
      (error: unknown) => advance(steps.throw(error)),
    );
  };
  return promiseOf(() => advance(steps.next()));
}

/**
 * Reads a directory entry by entry. With `recursive`, it continues with the subdirectories of the entries read so far.
 */
export class DirReader {
  readonly #options: DirOptions;
  readonly #root: OpenDirectory;
  /** Subdirectories that are open and not read to their end. */
  readonly #subdirectories: OpenDirectory[] = [];
  readonly #buffered: { directory: FsPath; entry: Entry }[] = [];

  constructor(root: OpenDirectory, options: DirOptions) {
    this.#root = root;
    this.#options = options;
  }

  *next(): Steps<Dirent | null> {
    while (this.#buffered.length === 0) {
      const current = this.#subdirectories[0] ?? this.#root;
      const ended = !(yield* this.#fill(current));
      if (ended && current === this.#root) return null;
      if (ended) {
        this.#subdirectories.shift();
        yield ['closedir', current.id];
      }
    }
    const { directory, entry } = this.#buffered.shift() as { directory: FsPath; entry: Entry };
    if (this.#options.recursive && isDirectory(entry)) {
      const path = join(directory, entry.name);
      this.#subdirectories.push({ id: (yield ['opendir', path]) as DirId, path });
    }
    return toDirent(entry, directory, this.#options.encoding);
  }

  *close(): Steps<void> {
    for (const { id } of this.#subdirectories.splice(0)) yield ['closedir', id];
    yield ['closedir', this.#root.id];
  }

  /** Reads the next entries. Returns false at the end of the directory. */
  *#fill({ id, path }: OpenDirectory): Steps<boolean> {
    const { bufferSize, encoding } = this.#options;
    const entries = (yield ['readdir', id, bufferSize, needsBytes(encoding)]) as FsEntries | null;
    if (entries === null) return false;
    for (const entry of yield* withTypes(path, entries)) this.#buffered.push({ directory: path, entry });
    return true;
  }
}
