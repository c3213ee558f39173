import { currentFlow, type Flow } from '../../internal/flow-store';
import { replaceMethod } from '../router';
import { boundToCaller } from './bind';
import type { Mend } from './packages';

/** The fields of dataloader 1 and 2. */
interface Loader {
  _batch?: unknown;
  _queue?: unknown;
  _cacheMap?: unknown;
  _promiseCache?: unknown;
  _batchScheduleFn?: (dispatch: () => void) => void;
}

const loaders = new WeakMap<Loader, WeakMap<Flow, Loader>>();

/** The cache of a flow: also in place of one that the program has made. Null if the loader has none. */
const emptyCache = (cache: unknown): unknown => cache && new Map();

/** Returns a loader with batches and a cache of its own, and otherwise the properties of `loader`. */
function loaderFor(loader: Loader, flow: Flow): Loader {
  const ofFlows = loaders.get(loader) ?? new WeakMap<Flow, Loader>();
  loaders.set(loader, ofFlows);
  const known = ofFlows.get(flow);
  if (known) return known;
  const own = Object.create(loader) as Loader;
  const schedule = loader._batchScheduleFn;
  const fields: Loader = {
    ...('_batch' in loader && { _batch: null }),
    ...('_queue' in loader && { _queue: [] }),
    ...('_cacheMap' in loader && { _cacheMap: emptyCache(loader._cacheMap) }),
    ...('_promiseCache' in loader && { _promiseCache: emptyCache(loader._promiseCache) }),
    ...(schedule && {
      _batchScheduleFn: (dispatch) => Reflect.apply(schedule, loader, [boundToCaller(dispatch)]),
    }),
  };
  Object.assign(own, fields);
  ofFlows.set(flow, own);
  return own;
}

/** dataloader 1 and 2: a batch has keys of one flow only, and each flow has a cache of its own. */
export const dataloader: Mend = (exports) => {
  const { prototype } = exports as { prototype?: object };
  if (!prototype || !('loadMany' in prototype)) return;
  for (const name of ['load', 'loadMany', 'clear', 'clearAll', 'prime']) {
    replaceMethod(prototype, name, (original, receiver, args) => {
      const flow = currentFlow();
      // loadMany() calls load() of the loader of the flow.
      if (!flow || !Object.hasOwn(receiver as object, '_batchLoadFn'))
        return Reflect.apply(original, receiver, args);
      const result = Reflect.apply(original, loaderFor(receiver as Loader, flow), args);
      return name.startsWith('load') ? result : receiver;
    });
  }
};
