import type { AnyFunction } from '../router';
import { replaceMethod } from '../router';
import { bindArguments, boundTo, callerOf } from './bind';
import type { Mend } from './packages';

type Methods = Record<'next' | 'throw' | 'return', AnyFunction>;

/** Returns a generator function whose generators run in the flow of the code that made them, whoever continues them. */
function boundGenerator(fn: AnyFunction): AnyFunction {
  return function (...args) {
    const generator = Reflect.apply(fn, this, args) as Methods;
    const caller = callerOf(fn);
    const bind = (name: keyof Methods): AnyFunction => boundTo(caller, generator[name].bind(generator));
    return { next: bind('next'), throw: bind('throw'), return: bind('return') };
  };
}

/**
 * bluebird 2 and 3, whose promises run all handlers in one queue. The option asyncHooks of late versions does the same for
 * handlers, but not for coroutines.
 */
export const bluebird: Mend = (exports) => {
  const { prototype } = exports as { prototype?: object };
  if (!prototype || !('_then' in prototype)) return;
  bindArguments(prototype, ['_then'], [0, 1, 2]);
  const lists = ['map', 'filter', 'reduce', 'each', 'mapSeries'];
  bindArguments(prototype, [...lists, 'disposer'], [0]);
  bindArguments(exports, lists, [1]);
  bindArguments(exports, ['join']);
  for (const name of ['coroutine', 'spawn']) {
    replaceMethod(exports, name, (original, receiver, [fn, ...rest]) =>
      Reflect.apply(original, receiver, [
        typeof fn === 'function' ? boundGenerator(fn as AnyFunction) : fn,
        ...rest,
      ]),
    );
  }
  replaceMethod(exports, 'getNewLibraryCopy', (original, receiver, args) => {
    const copy = Reflect.apply(original, receiver, args) as object;
    bluebird(copy, '', '');
    return copy;
  });
};
