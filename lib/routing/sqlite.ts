import { hasIdentity, isForeignToThread } from '../flow/identity';
import { native } from '../internal/binding';
import { deferred } from '../internal/deferred';
import { isThreadPinned } from '../internal/flow-store';
import { currentTokenId } from '../scope/state';
import { isSealed, requireToken } from './gate';
import { loadEarly, replaceClass } from './early-modules';
import { type AnyFunction, notRoutedError, replaceMethod } from './router';

/** SQL that opens a file by a name of its own, or chooses where SQLite does. The words cannot be written in another way. */
const opensFiles = /\battach\b|\bvacuum\b[^]*\binto\b|\b(?:temp|data)_store_directory\b/i;

const reason = 'SQLite opens, creates and removes files later, also when the database is closed by itself';

function refuse(name: string, why = reason): void {
  if (hasIdentity()) throw notRoutedError(name, why, 'sqlite.');
}

/** Objects of databases in memory, which have no file. */
const inMemory = new WeakSet<object>();

/** Databases of a pinned thread that are open. The collector could close one while the thread acts as the process. */
const kept = new Set<object>();

/**
 * Opens a database on a pinned thread, whose user closes it as well, at the end of the thread at the latest. On Linux the
 * kernel alone would open the process's own entries in /proc.
 */
function openOnOwnThread(path: unknown, make: () => object): object {
  if (typeof path !== 'string' || path.startsWith('file:'))
    refuse('DatabaseSync', 'give the path as a string');
  const check = native.port === 'linux' && deferred().withCheckedPaths('open', 'target');
  const database = (check ? check(make, undefined, [path], '') : make()) as object;
  kept.add(database);
  return database;
}

/** Throws if the call would open a file by name as the process, or a file of the service as the user. */
function check(name: string, object: object, sql: unknown): void {
  if (typeof sql === 'string' && opensFiles.test(sql)) refuse(name, 'its SQL opens a file by name');
  // The user could have a journal of that name, by a drive letter of the user's, and SQLite would put it into the database.
  if (currentTokenId() !== 0 && !inMemory.has(object)) {
    refuse(name, 'in a scope SQLite would open the files beside the database as the user');
  }
  // Its changes are complete when the statement is reset, which the collector may do.
  if (name.endsWith('.iterate') && isThreadPinned() && /\breturning\b/i.test(String(sql))) {
    refuse(name, 'with RETURNING; use all()');
  }
}

/** Objects that methods return, by the method: the name of their class, and their methods. The classes are not exported. */
const classes: Readonly<Record<string, readonly [string, ...string[]]>> = {
  prepare: ['StatementSync', 'run', 'get', 'all', 'iterate'],
  createTagStore: ['SQLTagStore', 'run', 'get', 'all', 'iterate'],
  createSession: ['Session', 'changeset', 'patchset'],
  iterate: ['StatementSyncIterator', 'next'],
};

function sqlOf(object: object, [first]: readonly unknown[]): unknown {
  if (Array.isArray(first)) return first.join(' ? ');
  return typeof first === 'string' ? first : (Reflect.get(object, 'sourceSQL') as unknown);
}

const guarded = new WeakSet<object>();

/** Guards methods of a class of node:sqlite, and the classes of what they return. */
function guardClass(prototype: object, owner: string, names: readonly string[]): void {
  if (guarded.has(prototype)) return;
  guarded.add(prototype);
  for (const name of names) {
    replaceMethod(prototype, name, (original, receiver, args) => {
      const object = receiver as object;
      if (hasIdentity()) check(`${owner}.${name}`, object, sqlOf(object, args));
      else if (isSealed() && opensFiles.test(String(sqlOf(object, args))))
        requireToken(`sqlite.${owner}.${name}`);
      const result = Reflect.apply(original, receiver, args) as object;
      const made = classes[name];
      if (!made) return result;
      if (inMemory.has(object)) inMemory.add(result);
      const [ownerOfMade, ...methods] = made;
      guardClass(Object.getPrototypeOf(result) as object, ownerOfMade, methods);
      return result;
    });
  }
}

/**
 * Makes node:sqlite throw in flows and scopes when it would open a file by name. SQLite opens journals and temporary
 * files in later calls, and removes files by name when a database is closed, which the garbage collector may do, as the
 * process. A database that was opened outside of flows and scopes is the service's, like an open descriptor. A pinned
 * thread opens databases as its user.
 */
export function routeSqlite(): void {
  const sqlite = loadEarly('node:sqlite');
  if (!sqlite) return;
  const { exports, warn } = sqlite;
  const Database = exports.DatabaseSync as AnyFunction;
  const Replacement = replaceClass(Database, (args, make) => {
    warn();
    if (args[0] === ':memory:') {
      const database = make();
      inMemory.add(database);
      return database;
    }
    requireToken('sqlite.DatabaseSync', args);
    if (!hasIdentity()) return make();
    if (isForeignToThread()) refuse('DatabaseSync');
    return openOnOwnThread(args[0], make);
  });
  for (const [name, value] of Object.entries(exports)) if (value === Database) exports[name] = Replacement;
  const never = (owner: object, name: string, label: string): void => {
    replaceMethod(owner, name, (original, receiver, args) => {
      refuse(label);
      requireToken(`sqlite.${label}`, args);
      return Reflect.apply(original, receiver, args);
    });
  };
  never(exports, 'backup', 'backup');
  const database = Database.prototype as object;
  for (const name of ['open', 'loadExtension']) never(database, name, `DatabaseSync.${name}`);
  guardClass(database, 'DatabaseSync', [
    ...['exec', 'prepare', 'createTagStore', 'createSession', 'applyChangeset', 'serialize', 'deserialize'],
  ]);
  for (const name of ['close', Symbol.dispose]) {
    replaceMethod(database, name, (original, receiver, args) => {
      const result = Reflect.apply(original, receiver, args);
      kept.delete(receiver as object);
      return result;
    });
  }
}
