import childProcess from 'node:child_process';
import { promisify } from 'node:util';
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

const isFunction = (value: unknown): value is AnyFunction => typeof value === 'function';

/** What one of node's functions is called with. */
interface Call {
  readonly args: readonly unknown[];
  readonly options: object;
  readonly callback: readonly AnyFunction[];
}

/** Finds the parts of a call, of which all but the command can be left out. */
function toCall(name: Name, [command, ...rest]: readonly unknown[]): Call {
  const callback = rest.filter(isFunction).slice(0, 1);
  const [first, ...others] = rest.filter((value) => !isFunction(value));
  const hasArguments = !commands.has(name) && (first == null || Array.isArray(first));
  const options = (hasArguments ? others[0] : first) ?? {};
  if (typeof options !== 'object') throw wrongType('options', 'of type object', options);
  const args = commands.has(name) ? [command] : [command, hasArguments ? (first ?? []) : []];
  return { args, options, callback };
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

function start(token: OpenToken, name: Name, given: readonly unknown[], fn: AnyFunction): unknown {
  const id = token.openId();
  requireSync(name);
  const { args, options, callback } = toCall(name, given);
  return startWith(id, options, (own) => fn(...args, own, ...callback));
}

/** Calls one of node's functions, which starts its program as the token's user. */
export const startAs = (token: OpenToken, name: Name, given: readonly unknown[]): unknown =>
  start(token, name, given, functions[name] as AnyFunction);

/** Returns one of the functions with a callback for the token, and for util.promisify(). */
function functionOf(token: OpenToken, name: keyof typeof promised): AnyFunction {
  token.openId();
  const own: AnyFunction = (...given) => startAs(token, name, given);
  const ofPromises: AnyFunction = (...given) => start(token, name, given, promised[name] as AnyFunction);
  Object.defineProperty(own, 'name', { value: name });
  return Object.defineProperty(own, promisify.custom, { value: ofPromises });
}

/** Implements `token.exec`. */
export const execAs = (token: OpenToken): AnyFunction => functionOf(token, 'exec');

/** Implements `token.execFile`. */
export const execFileAs = (token: OpenToken): AnyFunction => functionOf(token, 'execFile');
