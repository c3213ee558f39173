import { replaceMethod } from '../router';
import { boundToCaller } from './bind';
import type { Mend } from './packages';

/** Binds the work among the arguments, which is their first function, and the callback of submit(), their last one. */
function boundWork(args: readonly unknown[], hasCallback: boolean): unknown[] {
  const work = args.findIndex((each) => typeof each === 'function');
  const callback = hasCallback ? args.length - 1 : work;
  return args.map((each, index) => (index === work || index === callback ? boundToCaller(each) : each));
}

/** bottleneck 2. Groups and wrap() use schedule(). */
export const bottleneck: Mend = (exports) => {
  const { prototype } = exports as { prototype?: object };
  if (!prototype || !('schedule' in prototype && 'submit' in prototype)) return;
  for (const name of ['schedule', 'submit']) {
    replaceMethod(prototype, name, (original, receiver, args) =>
      Reflect.apply(original, receiver, boundWork(args, name === 'submit')),
    );
  }
};
