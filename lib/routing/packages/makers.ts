import { asThread, isForeignToThread } from '../../flow/identity';
import { type Store, currentStore, runInFlow } from '../../internal/flow-store';
import { type AnyFunction, replaceMethod } from '../router';
import { boundToCaller } from './bind';

/** What decides the identity of the code that made an object of the service, such as a log file. */
const makers = new WeakMap<object, Store>();
/** Whether the running code makes an object, of which no maker is known yet. */
let isMaking = false;

/** Records that the running code has made the object. */
export function keepMaker(made: unknown): void {
  if (typeof made === 'object' && made !== null && !makers.has(made)) makers.set(made, currentStore());
}

/**
 * Makes methods of `owner`, an object or the prototype of several, run in the flow of the code that made the object:
 * outside of flows and scopes if that was, or if the object was made before its package was mended. Functions that they
 * are given run in the caller's flow.
 */
export function runAsMaker(owner: object, names: readonly string[]): void {
  for (const name of names) {
    replaceMethod(owner, name, (original, receiver, args) => {
      const maker = makers.get(receiver as object);
      const isBeingMade = isMaking && !makers.has(receiver as object);
      if (isBeingMade || (!maker && !isForeignToThread())) return Reflect.apply(original, receiver, args);
      const bound = args.map((each) => boundToCaller(each));
      const call = (): unknown => Reflect.apply(original, receiver, bound);
      return maker ? runInFlow(maker, call) : asThread(call);
    });
  }
}

/** Makes a method that a constructor calls record who has made the object. */
export function keepMakerIn(prototype: object, name: string): void {
  replaceMethod(prototype, name, (original, receiver, args) => {
    keepMaker(receiver);
    return Reflect.apply(original, receiver, args);
  });
}

/** Returns a class like `constructor` that records who makes its objects, and calls `prepare` with each. */
export function keepingMakers(constructor: AnyFunction, prepare?: (made: object) => void): AnyFunction {
  const keep = (made: unknown): void => {
    keepMaker(made);
    prepare?.(made as object);
  };
  const whileMaking = (make: () => unknown): unknown => {
    const outer = isMaking;
    isMaking = true;
    try {
      return make();
    } finally {
      isMaking = outer;
    }
  };
  return new Proxy(constructor, {
    construct(target, args, derived) {
      const made = whileMaking(() => Reflect.construct(target, args, derived));
      keep(made);
      return made as object;
    },
    apply(target, receiver: unknown, args) {
      // Called by the constructor of a class that inherits it by hand, or without `new`.
      const result = whileMaking(() => Reflect.apply(target, receiver, args));
      keep(result ?? receiver);
      return result;
    },
  });
}
