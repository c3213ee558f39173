import { AsyncResource } from 'node:async_hooks';
import { type AnyFunction, replaceMethod } from '../router';
import { bindArguments } from './bind';
import { keepingMakers, runAsMaker } from './makers';
import type { Mend } from './packages';

/** What makes, checks and ends the resources of a pool: they are not the user's who needs one first. */
const methods = {
  'generic-pool': ['_createResource', '_destroy', '_testOnBorrow', '_testOnReturn'],
  tarn: ['_create', '_destroy', '_validateResource'],
  'pg-pool': ['newClient'],
};

const poolOf =
  (names: readonly string[], taking: readonly string[]): Mend =>
  (exports) => {
    const { Pool = exports } = exports as { Pool?: unknown };
    const { prototype } = Pool as { prototype?: object };
    if (typeof Pool !== 'function' || !prototype || !names.some((name) => name in prototype)) return exports;
    runAsMaker(prototype, names);
    bindArguments(prototype, taking);
    const replacement = keepingMakers(Pool as AnyFunction);
    if (Pool === exports) return replacement;
    Reflect.set(exports, 'Pool', replacement);
    return exports;
  };

/** generic-pool 2, whose acquire() takes a callback, and 3. */
export const genericPool = poolOf(methods['generic-pool'], ['acquire', 'use']);

/** tarn, the pool of knex. */
export const tarn = poolOf(methods.tarn, []);

/** pg-pool, the pool of pg. */
export const pgPool = poolOf(methods['pg-pool'], ['connect', 'query', 'end']);

interface Query {
  callback?: unknown;
  readonly submit?: unknown;
}

/** Binds the callback of a query that is given as an object. */
function boundQuery(query: unknown): unknown {
  const { callback, submit } = (query ?? {}) as Query;
  if (typeof callback !== 'function') return query;
  const bound = AsyncResource.bind(callback as AnyFunction);
  if (typeof submit !== 'function') return { ...(query as Query), callback: bound };
  (query as Query).callback = bound;
  return query;
}

/** pg: callbacks of a connection, which runs queries of several users one after the other. */
export const pg: Mend = (exports) => {
  const { prototype } = exports as { prototype?: object };
  if (!prototype || !('query' in prototype)) return;
  bindArguments(prototype, ['query', 'connect', 'end']);
  replaceMethod(prototype, 'query', (original, receiver, [query, ...rest]) =>
    Reflect.apply(original, receiver, [boundQuery(query), ...rest]),
  );
};
