import { once } from 'node:events';
import type { ClientRequest } from 'node:http';
import { ImpersonationError } from '../../internal/error';
import type { Caller } from './caller';

/** The bytes of a request: none, all of them, or what yields them. */
export type BodySource = Buffer | AsyncIterable<unknown> | Iterable<unknown> | null;

function tooLarge(limit: number): ImpersonationError {
  return new ImpersonationError(
    `The request body is a stream of more than ${limit} bytes, and it may have to be sent again after the server has asked for ` +
      'authentication: raise options.maxBufferedBody, pass the body as a Buffer, or set options.preemptive for a server ' +
      'that needs one handshake message',
    'ERR_HTTP_BODY_TOO_LARGE',
  );
}

/** Waits until the request takes more data. Rejects if it has failed. */
async function drained(request: ClientRequest): Promise<void> {
  if (request.destroyed) throw new Error('closed');
  const ended = new AbortController();
  const closed = once(request, 'close', ended).then(() => {
    throw new Error('closed');
  });
  try {
    await Promise.race([once(request, 'drain', ended), closed]);
  } finally {
    closed.catch(() => {});
    ended.abort();
  }
}

/** The body of a request, which can be sent again as long as all that was read of it is kept. */
export class RequestBody {
  readonly #caller: Caller;
  readonly #limit: number;
  /** What has been read; undefined if it was more than the limit. */
  #parts: Buffer[] | undefined = [];
  #size = 0;
  /** What has not been read. */
  #rest: AsyncIterator<unknown> | Iterator<unknown> | undefined;

  constructor(source: BodySource, caller: Caller, limit: number) {
    this.#caller = caller;
    this.#limit = limit;
    if (Buffer.isBuffer(source)) this.#parts = source.length > 0 ? [source] : [];
    else if (source) this.#rest = caller.inContext(() => iteratorOf(source));
    if (Buffer.isBuffer(source)) this.#size = source.length;
  }

  /** The number of bytes; undefined if it is not known. */
  get length(): number | undefined {
    return this.#rest ? undefined : this.#size;
  }

  /** Whether the whole body can be sent, for the first time or again. */
  get isComplete(): boolean {
    return this.#parts !== undefined;
  }

  /** Reads the whole source. Rejects with ERR_HTTP_BODY_TOO_LARGE. */
  async read(): Promise<void> {
    for (let part = await this.#next(); part; part = await this.#next())
      if (!this.#parts) throw tooLarge(this.#limit);
  }

  /** Sends the body and ends the request. Rejects with ERR_HTTP_BODY_TOO_LARGE, or with an error of the source. */
  async writeTo(request: ClientRequest): Promise<void> {
    if (!this.#parts) throw tooLarge(this.#limit);
    for (const part of [...this.#parts]) if (!request.write(part)) await drained(request);
    for (let part = await this.#next(); part; part = await this.#next())
      if (!request.write(part)) await drained(request);
    request.end();
  }

  /** Ends the reading of the source. */
  close(): void {
    const rest = this.#rest;
    this.#rest = undefined;
    if (rest?.return) void this.#caller.inContext(() => Promise.resolve(rest.return?.()).catch(() => {}));
  }

  /** Reads the next part of the source, in the context of the caller. */
  async #next(): Promise<Buffer | undefined> {
    const rest = this.#rest;
    if (!rest) return undefined;
    const next = (await this.#caller.inContext(() => rest.next())) as IteratorResult<Uint8Array, undefined>;
    if (next.done) {
      this.#rest = undefined;
      return undefined;
    }
    const part = Buffer.from(next.value);
    this.#size += part.length;
    if (this.#size > this.#limit) this.#parts = undefined;
    this.#parts?.push(part);
    return part;
  }
}

function iteratorOf(source: object): AsyncIterator<unknown> | Iterator<unknown> {
  const iterable = source as Partial<AsyncIterable<unknown> & Iterable<unknown>>;
  const iterate = iterable[Symbol.asyncIterator] ?? iterable[Symbol.iterator];
  return Reflect.apply(iterate as () => AsyncIterator<unknown>, source, []);
}
