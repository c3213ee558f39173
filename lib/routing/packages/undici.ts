import { type AnyFunction, replaceMethod } from '../router';
import { boundTo, callerOf } from './bind';
import type { Mend } from './packages';

type Iterators = Record<symbol, (() => Record<string, AnyFunction | undefined>) | undefined>;

const bound = new WeakSet();

/** Returns a body whose iterator runs in the flow of the request, whichever connection pulls it. */
function boundBody(body: unknown): unknown {
  if (typeof body !== 'object' || body === null || bound.has(body) || ArrayBuffer.isView(body)) return body;
  const iterate = (body as Iterators)[Symbol.asyncIterator] ?? (body as Iterators)[Symbol.iterator];
  // Streams have listeners of their own; a form is no generator.
  if (!iterate || 'pipe' in body || Object.prototype.toString.call(body) === '[object FormData]') return body;
  const caller = callerOf(iterate);
  const made = {
    [Symbol.asyncIterator]: () => {
      const iterator = caller.runInAsyncScope(iterate, body);
      const methods = ['next', 'return', 'throw'].flatMap((name) => {
        const method = iterator[name]?.bind(iterator);
        return method ? [[name, boundTo(caller, method)]] : [];
      });
      return Object.fromEntries(methods) as unknown;
    },
  };
  bound.add(made);
  return made;
}

/** undici 5 and later: a request waits for a connection, which pulls its body. */
export const undici: Mend = (exports, file) => {
  const { prototype } = exports as { prototype?: object };
  if (!file.endsWith('dispatcher-base.js') || !prototype || !('dispatch' in prototype)) return;
  replaceMethod(prototype, 'dispatch', (original, receiver, [options, ...rest]) => {
    const { body } = (options ?? {}) as { body?: unknown };
    const own = boundBody(body);
    const given = own === body ? options : { ...(options as object), body: own };
    return Reflect.apply(original, receiver, [given, ...rest]);
  });
};
