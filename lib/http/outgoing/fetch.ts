import { promiseOf } from '../../internal/error';
import { currentCaller } from './caller';
import { type DispatchOptions, NegotiateDispatcher } from './dispatcher';
import type { NegotiateHttpOptions } from './options';
import type { DispatchHandler } from './response-handler';

/**
 * `fetch()` that authenticates as the effective identity.
 *
 * @example
 * const negotiateFetch: NegotiateFetch = createNegotiateFetch({
 *   client: new NegotiateClient(),
 *   origins: ['https://api.example.com'],
 * });
 * await negotiateFetch.close();
 */
export interface NegotiateFetch {
  /** Fetches as `fetch()` does, with its arguments and result. */
  (input: string | URL | Request, init?: RequestInit): Promise<Response>;
  /** Closes the connections after their responses. Resolves when all are closed. */
  close(): Promise<void>;
  /** Calls `close()`, for `await using negotiateFetch = ...`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Returns a `fetch()` that authenticates to servers as the effective identity: the user of the flow or scope in which it
 * is called, else the process. It is Node's own `fetch()` over a `NegotiateDispatcher`. Only the origin of the URL that is
 * passed may get credentials, if it is one of `origins`: a redirect to another origin is followed without.
 *
 * @param options - The client, the servers that may get credentials, and limits.
 * @returns The function. It keeps connections, which `close()` closes.
 * @throws TypeError `ERR_INVALID_ARG_TYPE` or `ERR_INVALID_ARG_VALUE`. The promise of a call rejects with fetch's
 * TypeError, whose `cause` is the error that `NegotiateDispatcher.dispatch()` describes.
 * @example
 * await using negotiateFetch = createNegotiateFetch({
 *   client: new NegotiateClient(),
 *   origins: ['https://api.example.com'],
 * });
 * const response = await token.run(() => negotiateFetch('https://api.example.com/me'));
 * console.log(response.status); // Prints: 200
 */
export function createNegotiateFetch(options: NegotiateHttpOptions): NegotiateFetch {
  const dispatcher = new NegotiateDispatcher(options);
  const close = (): Promise<void> => dispatcher.close();
  const start = (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    // The identity of this call, which fetch() leaves before it dispatches.
    const caller = currentCaller();
    let first: string | undefined;
    const dispatcherOfCall: object = {
      dispatch(request: DispatchOptions, handler: DispatchHandler): boolean {
        first ??= new URL(request.origin).origin;
        return dispatcher.dispatchAs(caller, request, handler, first);
      },
    };
    return caller.inContext(() => fetch(input, Object.assign({}, init, { dispatcher: dispatcherOfCall })));
  };
  const negotiateFetch: typeof start = (...args) => promiseOf(() => start(...args));
  return Object.assign(negotiateFetch, { close, [Symbol.asyncDispose]: close });
}
