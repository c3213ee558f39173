import { Duplex } from 'node:stream';

/** One end of a connection within the process, with the methods of a socket that node:http and its users call. */
export class LocalSocket extends Duplex {
  readonly connecting = false;
  #other: LocalSocket | undefined;
  /** Continues the writer at the other end. */
  #onRead: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** Returns both ends. */
  static pair(): [LocalSocket, LocalSocket] {
    const [one, other] = [new LocalSocket(), new LocalSocket()];
    one.#other = other;
    other.#other = one;
    return [one, other];
  }

  setTimeout(milliseconds: number, listener?: () => void): this {
    clearTimeout(this.#timer);
    const expire = (): void => void this.emit('timeout');
    this.#timer = milliseconds > 0 ? setTimeout(expire, milliseconds).unref() : undefined;
    if (listener) this.once('timeout', listener);
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  override _read(): void {
    this.#timer?.refresh();
    const resume = this.#onRead;
    this.#onRead = undefined;
    resume?.();
  }

  override _write(chunk: Buffer, _encoding: string, callback: () => void): void {
    this.#timer?.refresh();
    const other = this.#other;
    if (!other || other.destroyed || chunk.length === 0) {
      process.nextTick(callback);
      return;
    }
    other.#onRead = callback;
    other.push(chunk);
  }

  override _final(callback: () => void): void {
    this.#other?.push(null);
    callback();
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    clearTimeout(this.#timer);
    const other = this.#other;
    // What was written before the end can still be read.
    if (other && !this.writableFinished) process.nextTick(() => other.destroy());
    this.#onRead?.();
    callback(error);
  }
}
