import type { IncomingMessage } from 'node:http';
import type { Caller } from './caller';
import { hungUp } from './connection';

/**
 * What undici's new handlers are given to control a response.
 *
 * @example
 * const limit = (controller: DispatchController, bytes: number) => {
 *   if (bytes > 1_000_000) controller.abort(new Error('The response is too large'));
 * };
 */
export interface DispatchController {
  /** Whether the request has been aborted. */
  readonly aborted: boolean;
  /** Why; null if it has not been. */
  readonly reason: Error | null;
  /** Whether the response is paused. */
  readonly paused: boolean;
  /** The headers as received: names and values in turn. */
  readonly rawHeaders: readonly Buffer[];
  /** The trailers as received. */
  readonly rawTrailers: readonly Buffer[];
  /** Pauses the response. */
  pause(): void;
  /** Continues the response. */
  resume(): void;
  /** Ends the request and closes its connection. */
  abort(reason?: Error): void;
}

/**
 * A handler of undici, in its old form (undici 6) or its new one.
 *
 * @example
 * const handler: DispatchHandler = {
 *   onRequestStart() {},
 *   onResponseStart: (controller, status) => console.log(status),
 *   onResponseData: (controller, chunk) => console.log(String(chunk)),
 *   onResponseError: (controller, error) => console.error(error),
 * };
 */
export interface DispatchHandler {
  /** Old form: called when the request begins. */
  onConnect?(abort: (error?: Error) => void, context?: object): void;
  /** Old form: called when the response begins. */
  onResponseStarted?(): void;
  /** Old form: called with the headers. Returns false to pause. */
  onHeaders?(status: number, headers: Buffer[], resume: () => void, statusText: string): boolean;
  /** Old form: called with each part of the body. Returns false to pause. */
  onData?(chunk: Buffer): boolean;
  /** Old form: called at the end of the response. */
  onComplete?(trailers: string[] | null): void;
  /** Old form: called if the request fails. */
  onError?(error: Error): void;
  /** Called when the request begins. */
  onRequestStart?(controller: DispatchController, context: object): void;
  /** Called with the headers. */
  onResponseStart?(
    controller: DispatchController,
    status: number,
    headers: Record<string, string | string[]>,
    statusText?: string,
  ): void;
  /** Called with each part of the body. */
  onResponseData?(controller: DispatchController, chunk: Buffer): void;
  /** Called at the end of the response. */
  onResponseEnd?(controller: DispatchController, trailers: Record<string, string | string[]>): void;
  /** Called if the request fails. */
  onResponseError?(controller: DispatchController, error: Error): void;
}

const toBuffers = (list: readonly string[]): Buffer[] => list.map((text) => Buffer.from(text, 'latin1'));

const abortError = (): Error =>
  Object.assign(new Error('Request aborted'), { name: 'AbortError', code: 'UND_ERR_ABORTED' });

/** Passes one response to a handler of undici, in the context of the code that made the request. */
export class ResponseHandler implements DispatchController {
  readonly #handler: DispatchHandler;
  readonly #caller: Caller;
  readonly #abort = new AbortController();
  #response: IncomingMessage | undefined;
  #ended = false;

  constructor(handler: DispatchHandler, caller: Caller) {
    this.#handler = handler;
    this.#caller = caller;
  }

  /** Aborted when the handler aborts the request. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  get aborted(): boolean {
    return this.signal.aborted;
  }

  get reason(): Error | null {
    return this.aborted ? (this.signal.reason as Error) : null;
  }

  get paused(): boolean {
    return this.#response?.isPaused() ?? false;
  }

  get rawHeaders(): readonly Buffer[] {
    return toBuffers(this.#response?.rawHeaders ?? []);
  }

  get rawTrailers(): readonly Buffer[] {
    return toBuffers(this.#response?.rawTrailers ?? []);
  }

  pause(): void {
    this.#response?.pause();
  }

  resume(): void {
    this.#response?.resume();
  }

  abort(given?: Error | null): void {
    const reason = given ?? abortError();
    this.#abort.abort(reason);
    this.#response?.destroy(reason);
    if (this.#response) this.fail(reason);
  }

  /** Reports that the request begins. */
  start(): void {
    const handler = this.#handler;
    this.#call(() => {
      if (handler.onRequestStart) handler.onRequestStart(this, {});
      else handler.onConnect?.((error) => this.abort(error), {});
    });
  }

  /** Passes the response on. */
  respond(response: IncomingMessage): void {
    if (this.#ended || this.aborted) {
      response.destroy();
      this.fail(this.reason);
      return;
    }
    this.#response = response;
    response.on('error', (error) => this.fail(error));
    const { statusCode = 0, statusMessage = '', headers } = response;
    const handler = this.#handler;
    this.#call(() => {
      if (handler.onResponseStart) {
        handler.onResponseStart(
          this,
          statusCode,
          headers as Record<string, string | string[]>,
          statusMessage,
        );
      } else {
        handler.onResponseStarted?.();
        const more = handler.onHeaders?.(
          statusCode,
          toBuffers(response.rawHeaders),
          () => this.resume(),
          statusMessage,
        );
        if (more === false) this.pause();
      }
    });
    if (response.destroyed) {
      // It has broken off before anybody listened, unless the handler has ended it.
      this.fail(hungUp());
      return;
    }
    const wasPaused = response.isPaused();
    response.on('data', (chunk: Buffer) => this.#pass(chunk));
    response.once('end', () => this.#end());
    if (wasPaused) response.pause();
  }

  /** Reports a failure, once. */
  fail(error: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#response?.destroy();
    const handler = this.#handler;
    this.#caller.inContext(() => {
      if (handler.onResponseError) handler.onResponseError(this, error as Error);
      else handler.onError?.(error as Error);
    });
  }

  #pass(chunk: Buffer): void {
    const handler = this.#handler;
    this.#call(() => {
      if (handler.onResponseData) handler.onResponseData(this, chunk);
      else if (handler.onData?.(chunk) === false) this.pause();
    });
  }

  #end(): void {
    if (this.#ended) return;
    const handler = this.#handler;
    const { rawTrailers = [], trailers = {} } = this.#response ?? {};
    this.#call(() => {
      this.#ended = true;
      if (handler.onResponseEnd) handler.onResponseEnd(this, trailers as Record<string, string>);
      else handler.onComplete?.(rawTrailers);
    });
  }

  /** Calls a method of the handler. What it throws ends the request, as in undici. */
  #call(use: () => void): void {
    if (this.#ended) return;
    try {
      this.#caller.inContext(use);
    } catch (error) {
      this.#ended = false;
      this.#abort.abort(error);
      this.fail(error);
    }
  }
}
