import { bindArguments } from './bind';
import type { Mend } from './packages';

/** Returns what binds the functions that methods of a class are given, in every module of a package that has the class. */
const binding =
  (...names: string[]): Mend =>
  (exports) => {
    const { default: named = exports } = exports as { default?: unknown };
    const { prototype } = named as { prototype?: object };
    if (prototype) bindArguments(prototype, names);
  };

/** async-lock 1: runs what waits for a key when the work before it is done. */
export const asyncLock = binding('acquire');

/** p-queue before 10: runs what was added when other work is done, at an interval, or in start(). addAll() calls add(). */
export const pQueue = binding('add');

/** promise-queue 2. */
export const promiseQueue = binding('add');

/** queue 6 and 7. */
export const queue = binding('push', 'unshift');

/** mysql 2 and mysql2: callbacks of connections and pools. */
export const mysql = binding(
  ...['query', 'execute', 'getConnection', 'connect', 'end', 'ping', 'changeUser'],
  ...['beginTransaction', 'commit', 'rollback'],
);
