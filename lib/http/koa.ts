import type { IncomingMessage, ServerResponse } from 'node:http';
import { currentFlow, runInFlow } from '../internal/flow-store';
import type { Negotiator } from '../negotiate/negotiator';
import { Gate } from './gate';
import type { HttpAuthenticationOptions } from './options';

/** What the middleware needs of Koa's context. */
export interface KoaContext {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly state: Record<string, unknown>;
  body: unknown;
  respond?: boolean | undefined;
}

export type KoaMiddleware = (context: KoaContext, next: () => Promise<unknown>) => Promise<void>;

/** By which Koa takes out of a stream what it sends. */
const pulls = ['pipe', 'read', Symbol.asyncIterator, 'next'];

/** Whoever calls one of these methods of `source`, it runs in the running flow, and so does what it returns. */
function pullInFlow(source: unknown): void {
  if (typeof source !== 'object' || source === null) return;
  const flow = currentFlow() ?? null;
  for (const name of pulls) {
    const method: unknown = Reflect.get(source, name);
    if (typeof method !== 'function') continue;
    Reflect.defineProperty(source, name, {
      configurable: true,
      writable: true,
      value: (...args: unknown[]) => {
        const result: unknown = runInFlow(flow, () => Reflect.apply(method, source, args) as unknown);
        if (name === Symbol.asyncIterator) runInFlow(flow, pullInFlow, result);
        return result;
      },
    });
  }
}

/** Koa sends the body when all middleware has returned, outside of the flow. */
function sendInFlow({ body }: KoaContext): void {
  pullInFlow(body instanceof Response ? body.body : body);
}

/**
 * Middleware for Koa: what comes after it runs in the flow of the user who sent the request, `context.req.token` and
 * `context.state.token`, and so do streams in `context.body`. It asks for a proof until there is one. See
 * docs/integrated-authentication.md.
 */
export function koaAuthentication(
  negotiator: Negotiator,
  options: HttpAuthenticationOptions = {},
): KoaMiddleware {
  const gate = new Gate(negotiator, options);
  return (context, next) =>
    new Promise((resolve, reject) => {
      gate.admit({
        request: context.req,
        response: context.res,
        proceed(act, token) {
          context.state.token = token;
          act(() => {
            next()
              .then(() => {
                sendInFlow(context);
              })
              .then(resolve, reject);
          });
        },
        refused() {
          context.respond = false;
          resolve();
        },
      });
    });
}
