import { hasIdentity, isForeignToThread, isThreadImpersonating } from '../flow/identity';
import { native } from '../internal/binding';
import { deferred } from '../internal/deferred';
import { isThreadPinned } from '../internal/flow-store';
import { currentTokenId } from '../scope/state';
import { isSealed, requireToken } from './gate';
import { loadEarly, replaceClass } from './early-modules';
import { type AnyFunction, notRoutedError, replaceMethod } from './router';

/** SQL that opens a file by a name of its own, or chooses where SQLite does. The words cannot be written in another way. */
const opensFiles = /\battach\b|\bvacuum\b[^]*\binto\b|(?:temp|data)_store_directory/i;

const reason = 'SQLite opens, creates and removes files later, also when the database is closed by itself';

function refuse(name: string, why = reason): void {
  if (hasIdentity()) throw notRoutedError(name, why, 'sqlite.');
}

/** Where the files of a database are: nowhere, or opened as the user of a pinned thread, or as the process. */
interface Database {
  files: 'none' | 'user' | 'process';
}

/** The databases by their objects, and by those that belong to them, such as statements. All others are the process's. */
const databases = new WeakMap<object, Database>();

/** The functions that return the SQL of iterators, which do not show it. */
const sqlOfIterators = new WeakMap<object, () => string>();

/** Databases of a pinned thread that are open. The collector could close one while the thread acts as the process. */
const kept = new Set<object>();

function inMemory(make: () => object): object {
  const database = make();
  databases.set(database, { files: 'none' });
  // SQLite would put the data of large sorts into temporary files.
  if (hasIdentity() && Reflect.get(database, 'isOpen')) {
    (database as { exec(sql: string): void }).exec('PRAGMA temp_store = MEMORY');
  }
  return database;
}

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
  databases.set(database, { files: 'user' });
  return database;
}

/** Throws if the call would open a file by name as the process, or a file of the service as the user. */
function check(name: string, object: object, sqlOfCall: () => string): void {
  const database = databases.get(object);
  if (!hasIdentity()) {
    if ((!database && !isSealed()) || !opensFiles.test(sqlOfCall())) return;
    requireToken(`sqlite.${name}`);
    if (database) database.files = 'process';
    return;
  }
  const sql = sqlOfCall();
  if (opensFiles.test(sql)) refuse(name, 'its SQL opens a file by name');
  const files = database?.files ?? 'process';
  // The user could have a journal of that name, by a drive letter of the user's, and SQLite would put it into the database.
  if (files === 'user' ? currentTokenId() !== 0 : files === 'process' && isThreadImpersonating()) {
    refuse(name, 'SQLite would open the files beside the database as the user of the thread');
  }
  // Its changes are complete when the statement is reset, which the collector may do.
  if (name.endsWith('.iterate') && isThreadPinned() && /\breturning\b/i.test(sql)) {
    refuse(name, 'with RETURNING; use all()');
  }
}

const statement = ['StatementSync', ['run', 'get', 'all', 'iterate']] as const;

/** Objects that methods return, by the method: the name of their class, and their methods. Some classes are not exported. */
const classes: Readonly<Record<string, readonly [string, readonly string[]]>> = {
  prepare: statement,
  createTagStore: ['SQLTagStore', ['run', 'get', 'all', 'iterate']],
  createSession: ['Session', ['changeset', 'patchset']],
  iterate: ['StatementSyncIterator', ['next', 'return']],
};

/** Returns the SQL that a method runs. The arguments of a statement's methods are values for its parameters. */
function sqlOf(owner: string, object: object, [first]: readonly unknown[]): string {
  const sql: unknown =
    owner === 'DatabaseSync'
      ? first
      : owner === 'SQLTagStore'
        ? Array.isArray(first) && first.join(' ? ')
        : (sqlOfIterators.get(object)?.() ?? Reflect.get(object, 'sourceSQL'));
  return typeof sql === 'string' ? sql : '';
}

const guarded = new WeakSet<object>();

/** Guards methods of a class of node:sqlite, and the classes of what they return. */
function guardClass(prototype: object, owner: string, names: readonly string[]): void {
  if (guarded.has(prototype)) return;
  guarded.add(prototype);
  for (const name of names) {
    replaceMethod(prototype, name, (original, receiver, args) => {
      const object = receiver as object;
      const sql = (): string => sqlOf(owner, object, args);
      check(`${owner}.${name}`, object, sql);
      const result = Reflect.apply(original, receiver, args) as object;
      const made = classes[name];
      if (!made) return result;
      const database = databases.get(object);
      if (database) databases.set(result, database);
      if (name === 'iterate') sqlOfIterators.set(result, sql);
      guardClass(Object.getPrototypeOf(result) as object, ...made);
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
    if (args[0] === ':memory:') return inMemory(make);
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
      const known = databases.get(receiver as object);
      if (known?.files === 'user') known.files = 'process';
      return Reflect.apply(original, receiver, args);
    });
  };
  never(exports, 'backup', 'backup');
  const database = Database.prototype as object;
  guardClass((exports.StatementSync as AnyFunction).prototype as object, ...statement);
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
