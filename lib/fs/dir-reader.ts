import type { Dirent } from 'node:fs';
import type { DirId, FsCallName, FsCalls, FsEntries, FsPath } from '../../types/native';
import type { Identity } from '../flow/identity';
import { isDirectory, known, toDirent, zipped, type Entry } from './entries';
import { jobHere, jobSync, startJob } from './job';
import { asksForBytes, type Encoding } from './path';
import { join } from './path';

export interface DirOptions {
  readonly encoding: Encoding;
  /** How many entries are read at a time. */
  readonly bufferSize: number;
  readonly recursive: boolean;
}

/** One call of libuv's, and what comes of it. */
type Call = { [K in FsCallName]: [call: K, ...args: FsCalls[K]['args']] }[FsCallName];
export type Steps<T> = Generator<Call, T, unknown>;

interface OpenFolder {
  readonly id: DirId;
  readonly path: FsPath;
}

function drive<T>(steps: Steps<T>, make: (...call: Call) => unknown): T {
  let step = steps.next();
  while (!step.done) {
    let result: unknown;
    try {
      result = make(...step.value);
    } catch (error) {
      step = steps.throw(error);
      continue;
    }
    step = steps.next(result);
  }
  return step.value;
}

/** Does the steps on this thread, before it returns. */
export const doSync = <T>(identity: Identity, steps: Steps<T>): T =>
  drive(steps, (call, ...args) => jobSync(identity, call, ...(args as never)));

/** The same as whoever this thread is. */
export const doHere = <T>(steps: Steps<T>): T =>
  drive(steps, (call, ...args) => jobHere(call, ...(args as never)));

/** Does the steps on pool threads. */
export function doAsync<T>(identity: Identity, steps: Steps<T>): Promise<T> {
  const go = (step: IteratorResult<Call, T>): Promise<T> => {
    if (step.done) return Promise.resolve(step.value);
    const [call, ...args] = step.value;
    return startJob(identity, call, ...(args as never)).then(
      (result) => go(steps.next(result)),
      (error: unknown) => go(steps.throw(error)),
    );
  };
  return new Promise((resolve) => resolve(go(steps.next())));
}

/** Reads a folder entry by entry; with `recursive`, the folders in it after what has been read of it. */
export class DirReader {
  readonly #options: DirOptions;
  readonly #root: OpenFolder;
  /** Folders below that have been opened and not read to their end. */
  readonly #below: OpenFolder[] = [];
  readonly #buffered: { directory: FsPath; entry: Entry }[] = [];

  constructor(root: OpenFolder, options: DirOptions) {
    this.#root = root;
    this.#options = options;
  }

  *next(): Steps<Dirent | null> {
    while (this.#buffered.length === 0) {
      const folder = this.#below[0] ?? this.#root;
      const ended = !(yield* this.#fill(folder));
      if (ended && folder === this.#root) return null;
      if (ended) {
        this.#below.shift();
        yield ['closedir', folder.id];
      }
    }
    const { directory, entry } = this.#buffered.shift() as { directory: FsPath; entry: Entry };
    if (this.#options.recursive && isDirectory(entry)) {
      const path = join(directory, entry.name);
      this.#below.push({ id: (yield ['opendir', path]) as DirId, path });
    }
    return toDirent(entry, directory, this.#options.encoding);
  }

  *close(): Steps<void> {
    for (const { id } of this.#below.splice(0)) yield ['closedir', id];
    yield ['closedir', this.#root.id];
  }

  /** Whether there was anything left. */
  *#fill({ id, path }: OpenFolder): Steps<boolean> {
    const { bufferSize, encoding } = this.#options;
    const entries = (yield ['readdir', id, bufferSize, asksForBytes(encoding)]) as FsEntries | null;
    if (entries === null) return false;
    for (const entry of zipped(entries))
      this.#buffered.push({ directory: path, entry: yield* known(path, entry) });
    return true;
  }
}
