import { AsyncResource } from 'node:async_hooks';
import { currentIdentity } from '../../flow/identity';
import { type AnyFunction, guardMethod, notRoutedError, replaceMethod, withPropertiesOf } from '../router';

/** Functions that run in the flow they were handed in in. */
const bound = new WeakSet();
/** Functions that are in the place of a package's. */
const replacements = new WeakSet();

/** Makes `fn` run as `resource`, with the flow and other AsyncLocalStorages of the code that made the resource. */
export function boundTo(resource: AsyncResource, fn: AnyFunction): AnyFunction {
  if (bound.has(fn)) return fn;
  const made = withPropertiesOf(fn, function (...args) {
    return resource.runInAsyncScope(fn, this, ...args);
  });
  bound.add(made);
  return made;
}

/** Returns what stands for the running code in `boundTo`. */
export const callerOf = (fn: AnyFunction): AsyncResource => new AsyncResource(fn.name || 'impersonate');

/** Returns a function that calls `value` in the flow of the running code, or outside of flows; `value` if it is none. */
export function boundToCaller<T>(value: T): T {
  if (typeof value !== 'function' || bound.has(value)) return value;
  const fn = value as unknown as AnyFunction;
  return boundTo(callerOf(fn), fn) as T;
}

/**
 * Makes methods of `owner` that take a piece of work run it in the caller's flow. `positions` are those of the functions
 * among the arguments; all arguments by default.
 */
export function bindArguments(owner: object, names: readonly string[], positions?: readonly number[]): void {
  for (const name of names) {
    replaceMethod(owner, name, (original, receiver, args) =>
      Reflect.apply(
        original,
        receiver,
        args.map((each, position) => ((positions?.includes(position) ?? true) ? boundToCaller(each) : each)),
      ),
    );
  }
}

/** Makes the handlers that a program puts into properties of `owner` run in the flow of the code that put them there. */
export function bindHandlers(owner: object, names: readonly string[]): void {
  for (const name of names) {
    const value: unknown = Reflect.get(owner, name);
    if (typeof value !== 'function') continue;
    let handler: unknown = value;
    Object.defineProperty(owner, name, {
      get: () => handler,
      set: (given: unknown) => {
        handler = boundToCaller(given);
      },
      enumerable: true,
      configurable: true,
    });
  }
}

/** Makes methods of `owner` throw ERR_NOT_ROUTED in a flow or scope. */
export function refuseInFlows(owner: object, names: readonly string[], reason: string, prefix = ''): void {
  for (const name of names) {
    guardMethod(owner, name, () => {
      if (currentIdentity()) throw notRoutedError(name, reason, prefix);
    });
  }
}

/** Returns a function or class like `original`, whose calls are passed to `call`. */
export function replaced(
  original: AnyFunction,
  call: (original: AnyFunction, receiver: unknown, args: unknown[]) => unknown,
): AnyFunction {
  if (replacements.has(original)) return original;
  const replacement = new Proxy(original, {
    apply: (target, receiver: unknown, args) => call(target, receiver, args),
  });
  replacements.add(replacement);
  // Code compiled from ES modules takes it from here.
  const { default: named } = original as { default?: unknown };
  if (named === original) Object.assign(original, { default: replacement });
  return replacement;
}
