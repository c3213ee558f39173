import type { Dir, Dirent } from 'node:fs';
import type { FsPath } from '../../types/native';
import type { Identity } from '../flow/identity';
import { recordOpening } from '../flow/open-handles';
import { withCode } from '../internal/error';
import { DirReader, runSteps, runStepsSync, type DirOptions, type Steps } from './dir-reader';
import { jobSync, startJob } from './job';
import { nextTick, nodeMajor, originals } from './node-fs';
import { toOptions } from './parse';
import { toPath } from './path';

type Done<T> = (error: Error | null, result?: T) => void;
type DirClass = new (handle: object, path: FsPath, options: object) => Dir;

const stateError = (code: string, message: string): Error => withCode(new Error(message), code);
const closedError = (): Error => stateError('ERR_DIR_CLOSED', 'Directory handle was closed');

/** The handle that node's Dir requires. It is never called, because UserDir overrides all methods that use it. */
const unusedHandle = { close: () => undefined, read: () => null };

const unclosed = new FinalizationRegistry<{ identity: Identity; reader: DirReader }>(
  ({ identity, reader }) => {
    process.emitWarning('Closing directory handle on garbage collection');
    runSteps(identity, reader.close()).catch(() => undefined);
  },
);

/** Node's Dir, except that every step runs as the identity that opened it, also after its flow has ended. */
class UserDir extends (originals.Dir as unknown as DirClass) {
  readonly #identity: Identity;
  readonly #reader: DirReader;
  readonly #recordClose: (() => void) | undefined;
  #closed = false;
  /** The last asynchronous step; the next one waits for it. */
  #last: Promise<unknown> = Promise.resolve();
  #pending = 0;

  constructor(identity: Identity, path: FsPath, reader: DirReader, recordClose?: () => void) {
    super(unusedHandle, path, {});
    this.#recordClose = recordClose;
    this.#identity = identity;
    this.#reader = reader;
    unclosed.register(this, { identity, reader }, this);
  }

  override read(): Promise<Dirent | null>;
  override read(done: Done<Dirent | null>): void;
  override read(...args: [Done<Dirent | null>?]): Promise<Dirent | null> | undefined {
    const start = (): Promise<Dirent | null> => this.#enqueue(() => this.#reader.next());
    if (args.length === 0 && !(this.#closed && nodeMajor < 22))
      return this.#closed ? Promise.reject(closedError()) : start();
    if (this.#closed) throw closedError();
    const [done] = args;
    // Node's method throws its own error.
    if (typeof done === 'function') this.#callBack(start, done);
    else super.read(done as never);
    return undefined;
  }

  override readSync(): Dirent | null {
    this.#expectIdle();
    return runStepsSync(this.#identity, this.#reader.next());
  }

  override close(): Promise<void>;
  override close(done: Done<void>): void;
  override close(...args: [Done<void>?]): Promise<void> | undefined {
    const start = (): Promise<void> => {
      if (this.#closed) return Promise.reject(closedError());
      this.#close();
      return this.#enqueue(() => this.#reader.close());
    };
    const [done] = args;
    if (done === undefined) return start();
    if (typeof done === 'function') this.#callBack(start, done);
    else super.close(done);
    return undefined;
  }

  override closeSync(): void {
    this.#expectIdle();
    this.#close();
    runStepsSync(this.#identity, this.#reader.close());
  }

  /**
   * Not an async generator, because a generator that starts in a synchronous scope would be treated as the scope's own.
   */
  entries(): AsyncGenerator<Dirent, undefined> {
    let ended = false;
    const end = (): Promise<void> => {
      const open = !ended && !this.#closed;
      ended = true;
      return open ? this.close() : Promise.resolve();
    };
    const done = { done: true, value: undefined } as const;
    const next = (): Promise<IteratorResult<Dirent, undefined>> => {
      if (ended) return Promise.resolve(done);
      return this.read().then(
        (value) => (value === null ? end().then(() => done) : { done: false, value }),
        (error: unknown) => end().then(() => Promise.reject(error as Error)),
      );
    };
    const iterator = {
      next,
      return: () => end().then(() => done),
      throw: (error: unknown) => end().then(() => Promise.reject(error as Error)),
      [Symbol.asyncIterator]: () => iterator,
      [Symbol.asyncDispose]: end,
    };
    return iterator;
  }

  override [Symbol.asyncIterator](): AsyncGenerator<Dirent, undefined> {
    return this.entries();
  }

  [Symbol.dispose](): void {
    if (!this.#closed) this.closeSync();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#closed ? Promise.resolve() : this.close();
  }

  #close(): void {
    this.#closed = true;
    unclosed.unregister(this);
    this.#recordClose?.();
  }

  #expectIdle(): void {
    if (this.#closed) throw closedError();
    if (this.#pending === 0) return;
    throw stateError(
      'ERR_DIR_CONCURRENT_OPERATION',
      'Cannot do synchronous work on directory handle with concurrent asynchronous operations',
    );
  }

  #enqueue<T>(steps: () => Steps<T>): Promise<T> {
    this.#pending++;
    const result = this.#last.then(() => runSteps(this.#identity, steps())).finally(() => this.#pending--);
    this.#last = result.catch(() => undefined);
    return result;
  }

  #callBack<T>(start: () => Promise<T>, done: Done<T>): void {
    start().then(
      (result) => nextTick(done, null, result),
      (error: unknown) => nextTick(done, error),
    );
  }
}

Object.defineProperty(UserDir, 'name', { value: originals.Dir.name });

function toDirOptions(given: unknown): DirOptions {
  const { bufferSize = 32, encoding, recursive } = toOptions(given);
  // Throws node's error for a wrong size, which node finds when the directory is open.
  new (originals.Dir as unknown as DirClass)(unusedHandle, '', { bufferSize });
  return { encoding, bufferSize: bufferSize as number, recursive: Boolean(recursive) };
}

/** Opens a directory as the identity, like fs.promises.opendir(). */
export function opendir(identity: Identity, given: unknown, options: unknown): Promise<Dir> {
  const path = toPath(given);
  const parsed = toDirOptions(options);
  const opened = recordOpening(identity, path);
  return startJob(identity, 'opendir', path).then(
    (id) => new UserDir(identity, path, new DirReader({ id, path }, parsed), opened?.()),
  );
}

/** Like `opendir`, but opens the directory before it returns. Invalid arguments throw the errors of `opendir`. */
export function opendirSync(identity: Identity, given: unknown, options: unknown): Dir {
  const path = toPath(given);
  const parsed = toDirOptions(options);
  const opened = recordOpening(identity, path);
  const id = jobSync(identity, 'opendir', path);
  return new UserDir(identity, path, new DirReader({ id, path }, parsed), opened?.());
}
