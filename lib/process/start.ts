import { getSystemErrorMap } from 'node:util';
import type { NativeProgramOptions, NativeStdio, ProgramUser } from '../../types/native-program';
import { native } from '../internal/binding';
import { ImpersonationError } from '../internal/error';
import { withoutPrototype, wrongValue } from '../internal/validate';
import { type OwnOptions, type ProgramOptions, toOwnOptions } from './options';

/** Returns libuv's number of an error. */
export const numberOf = (name: string): number =>
  [...getSystemErrorMap()].find(([, [code]]) => code === name)?.[0] ?? -1;

/** The errors of a process that has too many files open. Node reports them by an event or a result, and makes no streams. */
export const tooManyFiles: ReadonlyMap<string, number> = new Map(
  ['EMFILE', 'ENFILE'].map((name) => [name, numberOf(name)] as const),
);

/** Returns what `call` returns, or libuv's number if it throws one of these errors. */
export function orTooManyFiles<R>(call: () => R): R | number {
  try {
    return call();
  } catch (error) {
    const number = error instanceof ImpersonationError ? tooManyFiles.get(error.code) : undefined;
    if (number === undefined) throw error;
    return number;
  }
}

/** An element of `stdio` as node hands it to its bindings. */
export interface Stdio {
  readonly type: 'ignore' | 'pipe' | 'overlapped' | 'inherit' | 'fd' | 'wrap';
  readonly fd?: number;
  readonly handle?: PipeHandle;
  /** Whether it is the channel for messages, which node reads with overlapped calls at both ends. */
  readonly ipc?: boolean;
  readonly readable?: boolean;
  readonly writable?: boolean;
  readonly input?: ArrayBufferView | null;
}

/** Node's handle of a pipe, or of another stream that the program gets. */
export interface PipeHandle {
  readonly fd?: number;
  open(fd: number): number | undefined;
  close(): void;
}

/** The options of a program as node hands them to its bindings: with `stdio` in the form above. */
export interface NodeOptions extends ProgramOptions {
  readonly file?: unknown;
  readonly args?: unknown;
  readonly cwd?: unknown;
  readonly env?: unknown;
  readonly envPairs?: unknown;
  readonly stdio?: unknown;
  readonly detached?: unknown;
  readonly uid?: unknown;
  readonly gid?: unknown;
  readonly windowsHide?: unknown;
  readonly windowsVerbatimArguments?: unknown;
}

/** A program that a method of a token starts, or spawnWithLogon(). */
export interface Start {
  readonly user: ProgramUser;
  readonly options: ProgramOptions;
  /** Whether the caller has given `env`. */
  readonly hasEnvironment: boolean;
}

/**
 * The programs that methods of tokens start, by the `env` that they pass to node's functions: the only object that all of
 * these pass on as it is. The program is started outside of the token's flow, so that its events belong to the caller.
 */
const starts = new WeakMap<object, Start>();

/** The program that the method on the stack is about to start. */
let pending: Start | undefined;

/** Node adds the variable of the process unless the environment has one. */
const coverage = 'NODE_V8_COVERAGE';

function copyOf(env: object | undefined): Record<string, unknown> {
  const copy: Record<string, unknown> = { [coverage]: undefined };
  // Node takes inherited variables, too.
  for (const name in env) copy[name] = Reflect.get(env, name);
  return copy;
}

/** Calls one of node's functions with options by which `startOf` finds the user, and returns its result. */
export function startWith<R>(user: ProgramUser, given: object, call: (own: object) => R): R {
  const options: ProgramOptions & { env?: unknown } = withoutPrototype(given);
  const { env } = options;
  const hasEnvironment = typeof env === 'object' && env !== null;
  const start: Start = { user, options, hasEnvironment };
  const own = { ...options, env: copyOf(hasEnvironment ? env : undefined) };
  starts.set(own.env, start);
  const outer = pending;
  pending = start;
  try {
    return call(own);
  } finally {
    pending = outer;
  }
}

/**
 * Returns the program that a method of a token starts with these options; undefined for all others. Throws while such a
 * method is on the stack and the program is another one: it would be the process's.
 */
export function startOf({ env }: NodeOptions): Start | undefined {
  const start = typeof env === 'object' && env !== null ? starts.get(env) : undefined;
  if (pending === undefined || start === pending) return start;
  throw new ImpersonationError(
    'Another program is started while a token starts one: the function of node:child_process has been replaced by one that changes `env`',
    'ERR_NOT_ROUTED',
  );
}

/** Throws for names with `=`, of which the program would see another name and value. */
function requireNames(env: unknown): void {
  if (typeof env !== 'object' || env === null) return;
  // Windows has hidden variables for the current folder of each drive: `=C:`.
  const from = native.port === 'win32' ? 1 : 0;
  for (const name in env) {
    if (name === '' || name.includes('=', from))
      throw wrongValue(`options.env['${name}']`, 'must be a name that is not empty and has no =');
  }
}

const isService = (pair: string): boolean => pair === `${coverage}=${process.env[coverage] ?? ''}`;

const isEnvironmentGiven = (options: NodeOptions, start: Start | undefined): boolean =>
  start ? start.hasEnvironment : Boolean(options.env);

/** Returns the environment: the user's at login, unless the caller gave one. With a logon the system makes it later. */
function environmentOf(
  user: ProgramUser,
  options: NodeOptions,
  start: Start | undefined,
): string[] | undefined {
  if (!isEnvironmentGiven(options, start))
    return typeof user === 'number' ? native.loginEnvironment(user) : undefined;
  requireNames(options.env);
  const pairs = Array.isArray(options.envPairs) ? options.envPairs.map(String) : [];
  // Node has added it to an environment in which it is not named, also to the caller's object.
  return start ? pairs : pairs.filter((pair) => !isService(pair));
}

/** What of a program's options is known before node has prepared its `stdio`. */
export type Prepared = Omit<NativeProgramOptions, 'stdio' | 'env'> &
  Pick<OwnOptions, 'credentials'> & { readonly env: string[] | undefined };

function requireText(value: unknown, argument: string): string {
  const text = String(value);
  if (text.includes('\0')) throw wrongValue(argument, 'must not contain null bytes');
  return text;
}

function prepared(user: ProgramUser, options: NodeOptions, start: Start | undefined): Prepared {
  const file = requireText(options.file, 'options.file');
  const args = Array.isArray(options.args) ? options.args : [file];
  const { cwd } = options;
  return {
    file,
    args: args.map((arg, index) => requireText(arg, `options.args[${index}]`)),
    cwd: typeof cwd === 'string' && cwd !== '' ? requireText(cwd, 'options.cwd') : undefined,
    env: environmentOf(user, options, start)?.map((pair) => requireText(pair, 'options.envPairs')),
    detached: Boolean(options.detached),
    windowsHide: Boolean(options.windowsHide),
    windowsVerbatimArguments: Boolean(options.windowsVerbatimArguments),
    ...toOwnOptions(start?.options ?? options, isEnvironmentGiven(options, start)),
  };
}

/** Returns the options for the native side, or libuv's number of an error of the process. Throws for wrong ones. */
export const prepare = (
  user: ProgramUser,
  options: NodeOptions,
  start: Start | undefined,
): Prepared | number => orTooManyFiles(() => prepared(user, options, start));

/** Returns what the native side gives the program as a descriptor. */
export function toNativeStdio({ type, fd, handle, ipc = false }: Stdio): NativeStdio {
  if (type === 'ignore') return null;
  if (ipc) return 'overlapped';
  if (type === 'pipe' || type === 'overlapped') return type;
  const descriptor = type === 'wrap' ? (handle?.fd ?? -1) : (fd ?? -1);
  if (descriptor >= 0) return descriptor;
  throw new ImpersonationError(
    'A program as the user cannot get this stream as its own, because node has no descriptor of it: use a pipe',
    'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM',
  );
}
