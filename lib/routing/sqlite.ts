import { hasIdentity, isForeignToThread } from '../flow/identity';
import { native } from '../internal/binding';
import { deferred } from '../internal/deferred';
import { loadEarly, replaceClass } from './early-modules';
import { type AnyFunction, guardMethod, notRoutedError, replaceMethod } from './router';

/** SQL that opens a file by a name of its own, or chooses where SQLite does. The words cannot be written in another way. */
const opensFiles = /\battach\b|\bvacuum\b[^]*\binto\b|\b(?:temp|data)_store_directory\b/i;

const reason = 'SQLite opens, creates and removes files later, also when the database is closed by itself';

function refuse(name: string, why = reason): void {
  if (hasIdentity()) throw notRoutedError(name, why, 'sqlite.');
}

function refuseSql(name: string, sql: unknown): void {
  if (typeof sql === 'string' && opensFiles.test(sql)) refuse(name, 'its SQL opens a file by name');
}

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

const runs = ['run', 'get', 'all', 'iterate'];

/** Guards the objects of createTagStore(), which prepare statements themselves. Their class is not exported. */
function guardTagStores(database: object): void {
  const guarded = new WeakSet();
  replaceMethod(database, 'createTagStore', (original, receiver, args) => {
    const store = Reflect.apply(original, receiver, args) as object;
    const prototype = Object.getPrototypeOf(store) as object;
    if (!guarded.has(prototype)) {
      guarded.add(prototype);
      for (const name of runs) {
        guardMethod(prototype, name, (parts) => {
          refuseSql(`SQLTagStore.${name}`, Array.isArray(parts) ? parts.join(' ? ') : undefined);
        });
      }
    }
    return store;
  });
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
    // A database in memory has no file.
    if (args[0] === ':memory:' || !hasIdentity()) return make();
    if (isForeignToThread()) refuse('DatabaseSync');
    return openOnOwnThread(args[0], make);
  });
  for (const [name, value] of Object.entries(exports)) if (value === Database) exports[name] = Replacement;
  guardMethod(exports, 'backup', () => refuse('backup'));

  const database = Database.prototype as object;
  for (const name of ['open', 'loadExtension']) {
    guardMethod(database, name, () => refuse(`DatabaseSync.${name}`));
  }
  for (const name of ['exec', 'prepare']) {
    guardMethod(database, name, (sql) => refuseSql(`DatabaseSync.${name}`, sql));
  }
  for (const name of ['close', Symbol.dispose]) {
    replaceMethod(database, name, (original, receiver, args) => {
      const result = Reflect.apply(original, receiver, args);
      kept.delete(receiver as object);
      return result;
    });
  }
  guardTagStores(database);
  const statement = (exports.StatementSync as AnyFunction).prototype as object;
  for (const name of runs) {
    replaceMethod(statement, name, (original, receiver, args) => {
      if (hasIdentity()) refuseSql(`StatementSync.${name}`, Reflect.get(receiver as object, 'sourceSQL'));
      return Reflect.apply(original, receiver, args);
    });
  }
}
