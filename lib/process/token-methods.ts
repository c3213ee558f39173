import childProcess from 'node:child_process';
import { promisify } from 'node:util';
import type { ProgramUser } from '../../types/native-program';
import { ImpersonationError } from '../internal/error';
import { wrongType } from '../internal/validate';
import type { OpenToken } from '../token/open-token';
import { startWith } from './start';

type AnyFunction = (...args: unknown[]) => unknown;

/** Node's functions as they were when this module was loaded. */
const { spawn, exec, execFile, fork, spawnSync, execSync, execFileSync } = childProcess;
const functions = { spawn, exec, execFile, fork, spawnSync, execSync, execFileSync };
const promised = { exec: promisify(exec), execFile: promisify(execFile) };

type Name = keyof typeof functions;

/** Functions that take one command for a shell, and no arguments. */
const commands = new Set<Name>(['exec', 'execSync']);
const callbacks = new Set<Name>(['exec', 'execFile']);
/** Functions for which null is no options. */
const strict = new Set<Name>(['spawn', 'spawnSync']);

/** What one of node's functions is called with. */
interface Call {
  /** The arguments before the options. */
  readonly before: readonly unknown[];
  /** Undefined for arguments that node rejects. */
  readonly options: object | undefined;
  readonly after: readonly unknown[];
}

/** Finds the options of a call, or where they belong, as node does: all but the command can be left out. */
function toCall(name: Name, given: readonly unknown[]): Call {
  const isOptions = (value: unknown): value is object =>
    typeof value === 'object' && value !== null && (commands.has(name) || !Array.isArray(value));
  const isCallback = (value: unknown): boolean => callbacks.has(name) && typeof value === 'function';
  const second = given[1];
  const index = commands.has(name) || isOptions(second) || isCallback(second) ? 1 : 2;
  const before = Array.from({ length: index }, (_, position) => given[position]);
  const value = given[index];
  if (isCallback(value)) return { before, options: {}, after: given.slice(index) };
  const after = given.slice(index + 1);
  if (isOptions(value)) return { before, options: value, after };
  if (value === undefined || (value === null && !strict.has(name))) return { before, options: {}, after };
  // Node takes the characters of a text for options.
  if (commands.has(name)) throw wrongType('options', 'of type object', value);
  return { before: given, options: undefined, after: [] };
}

/** Why the functions that wait cannot start programs as a user; undefined if they can. */
let whyNotSync: string | undefined;

/** Makes the functions that wait throw for programs as a user. */
export function refuseSync(reason: string): void {
  whyNotSync = reason;
}

function requireSync(name: Name): void {
  if (whyNotSync === undefined || !name.endsWith('Sync')) return;
  throw new ImpersonationError(
    `token.${name}() cannot start a program as the user (${whyNotSync}): use a function that does not wait`,
    'ERR_NOT_ROUTED',
  );
}

function start(user: ProgramUser, name: Name, given: readonly unknown[], fn: AnyFunction): unknown {
  requireSync(name);
  const { before, options, after } = toCall(name, given);
  return startWith(user, options ?? {}, (own) => fn(...before, ...(options ? [own] : []), ...after));
}

/** Calls one of node's functions, which starts its program as the token's user. */
export const startAs = (token: OpenToken, name: Name, given: readonly unknown[]): unknown =>
  start(token.openId(), name, given, functions[name] as AnyFunction);

/** Calls `child_process.spawn()`, which starts its program as that user. */
export const spawnAs = (user: ProgramUser, given: readonly unknown[]): childProcess.ChildProcess =>
  start(user, 'spawn', given, spawn as AnyFunction) as childProcess.ChildProcess;

/** Returns one of the functions with a callback for the token, and for util.promisify(). */
function functionOf(token: OpenToken, name: keyof typeof promised): AnyFunction {
  token.openId();
  const own: AnyFunction = (...given) => startAs(token, name, given);
  const ofPromises: AnyFunction = (...given) =>
    start(token.openId(), name, given, promised[name] as AnyFunction);
  Object.defineProperty(own, 'name', { value: name });
  return Object.defineProperty(own, promisify.custom, { value: ofPromises });
}

/** Implements `token.exec`. */
export const execAs = (token: OpenToken): AnyFunction => functionOf(token, 'exec');

/** Implements `token.execFile`. */
export const execFileAs = (token: OpenToken): AnyFunction => functionOf(token, 'execFile');
