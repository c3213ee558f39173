import type { Dir, Dirent } from 'node:fs';
import type { FsPath } from '../../types/native';
import type { Identity } from '../flow/identity';
import { noteOpening } from '../flow/open-handles';
import { wrongType } from '../internal/validate';
import { DirReader, doAsync, doSync, type DirOptions, type Steps } from './dir-reader';
import { jobSync, startJob } from './job';
import { originals } from './node-fs';
import { toInteger, toOptions } from './parse';
import { toPath } from './path';

type Done<T> = (error: Error | null, result?: T) => void;
type DirClass = new (handle: object, path: FsPath, options: object) => Dir;

const stateError = (code: string, message: string): Error => Object.assign(new Error(message), { code });
const closedError = (): Error => stateError('ERR_DIR_CLOSED', 'Directory handle was closed');

/** What node's Dir has in place of a handle: it is never asked. */
const noHandle = { close: () => undefined, read: () => null };

const forgotten = new FinalizationRegistry<{ identity: Identity; reader: DirReader }>(
  ({ identity, reader }) => {
    process.emitWarning('Closing directory handle on garbage collection');
    doAsync(identity, reader.close()).catch(() => undefined);
  },
);

/** Node's Dir, with every step done as the identity that opened it: also below it, and after its flow has ended. */
class UserDir extends (originals.Dir as unknown as DirClass) {
  readonly #identity: Identity;
  readonly #reader: DirReader;
  readonly #noteClosed: (() => void) | undefined;
  #closed = false;
  /** Asynchronous steps go one after the other. */
  #last: Promise<unknown> = Promise.resolve();
  #pending = 0;

  constructor(identity: Identity, path: FsPath, reader: DirReader, noteClosed?: () => void) {
    super(noHandle, path, {});
    this.#noteClosed = noteClosed;
    this.#identity = identity;
    this.#reader = reader;
    forgotten.register(this, { identity, reader }, this);
  }

  override read(): Promise<Dirent | null>;
  override read(done: Done<Dirent | null>): void;
  override read(...args: [Done<Dirent | null>?]): Promise<Dirent | null> | undefined {
    const start = (): Promise<Dirent | null> => this.#queue(() => this.#reader.next());
    if (args.length === 0) return this.#closed ? Promise.reject(closedError()) : start();
    if (this.#closed) throw closedError();
    this.#answer(start, args[0]);
    return undefined;
  }

  override readSync(): Dirent | null {
    this.#expectIdle();
    return doSync(this.#identity, this.#reader.next());
  }

  override close(): Promise<void>;
  override close(done: Done<void>): void;
  override close(...args: [Done<void>?]): Promise<void> | undefined {
    const start = (): Promise<void> => {
      if (this.#closed) return Promise.reject(closedError());
      this.#close();
      return this.#queue(() => this.#reader.close());
    };
    if (args[0] === undefined) return start();
    this.#answer(start, args[0]);
    return undefined;
  }

  override closeSync(): void {
    this.#expectIdle();
    this.#close();
    doSync(this.#identity, this.#reader.close());
  }

  /** Not an async generator: in a synchronous scope its first step would be taken for the scope's own. */
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
    forgotten.unregister(this);
    this.#noteClosed?.();
  }

  #expectIdle(): void {
    if (this.#closed) throw closedError();
    if (this.#pending === 0) return;
    throw stateError(
      'ERR_DIR_CONCURRENT_OPERATION',
      'Cannot do synchronous work on directory handle with concurrent asynchronous operations',
    );
  }

  #queue<T>(steps: () => Steps<T>): Promise<T> {
    this.#pending++;
    const result = this.#last.then(() => doAsync(this.#identity, steps())).finally(() => this.#pending--);
    this.#last = result.catch(() => undefined);
    return result;
  }

  #answer<T>(start: () => Promise<T>, done: Done<T> | undefined): void {
    if (typeof done !== 'function') throw wrongType('callback', 'of type function', done);
    start().then(
      (result) => process.nextTick(done, null, result),
      (error: unknown) => process.nextTick(done, error),
    );
  }
}

function toDirOptions(given: unknown): DirOptions {
  const { bufferSize = 32, encoding, recursive } = toOptions(given);
  return { encoding, bufferSize: toInteger(bufferSize, 1, 2 ** 32 - 1), recursive: Boolean(recursive) };
}

export function opendir(identity: Identity, given: unknown, options: unknown): Promise<Dir> {
  const path = toPath(given);
  const parsed = toDirOptions(options);
  const opened = noteOpening(identity, path);
  return startJob(identity, 'opendir', path).then(
    (id) => new UserDir(identity, path, new DirReader({ id, path }, parsed), opened?.()),
  );
}

/** The same before it returns; its invalid arguments throw what `opendir` throws for them. */
export function opendirSync(identity: Identity, given: unknown, options: unknown): Dir {
  const path = toPath(given);
  const parsed = toDirOptions(options);
  const opened = noteOpening(identity, path);
  const id = jobSync(identity, 'opendir', path);
  return new UserDir(identity, path, new DirReader({ id, path }, parsed), opened?.());
}
