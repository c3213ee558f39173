import { constants } from 'node:os';
import type { NativeProgram, ProgramId, ProgramUser } from '../../types/native-program';
import { nodeMajor, originals } from '../fs/node-fs';
import { native } from '../internal/binding';
import { withCode } from '../internal/error';
import { ProgramCredentials } from './credentials';
import {
  type NodeOptions,
  numberOf,
  orTooManyFiles,
  type PipeHandle,
  type Prepared,
  type Stdio,
  tooManyFiles,
  toNativeStdio,
} from './start';

type OnExit = (code: number, signal: string) => void;
type Method = (this: unknown, ...args: unknown[]) => unknown;

/** The members of node's handle of a process, which `ChildProcess` uses. */
export interface NodeHandle {
  onexit: OnExit;
  spawn: Method;
  close(): void;
}

const signalNames = new Map<number, string>(
  Object.entries(constants.signals)
    .reverse()
    .map(([name, number]) => [number, name]),
);

/** Returns the name of a signal; empty for 0. */
export const signalName = (signal: number): string =>
  signal === 0 ? '' : (signalNames.get(signal) ?? `SIG${signal}`);

const [noProgram, inUse] = [numberOf('ESRCH'), numberOf('EINVAL')];
/** The errors after which node makes no streams. */
const withoutStreams = new Set(tooManyFiles.values());

/** Throws node's error if the permission model does not allow the process to start programs. */
function requirePermission(): void {
  const { permission } = process as { permission?: { has(scope: string): boolean } };
  if (!permission || permission.has('child')) return;
  const message = 'Access to this API has been restricted. Use --allow-child-process to manage permissions.';
  const details = { permission: 'ChildProcess', resource: '' };
  throw Object.assign(withCode(new Error(message), 'ERR_ACCESS_DENIED'), details);
}

/** libuv rejects it before it does anything: no descriptor has this number, and Windows has no uids. */
const impossible = { file: 'none', args: ['none'], stdio: [{ type: 'fd', fd: -1 }], uid: 1 };

/**
 * Discards a handle of node that has started nothing. Node closes only one that has been used, and otherwise keeps it for
 * good, with all that it refers to. From version 24 on, closing one whose program could not be started corrupts memory:
 * there the bare handle is left.
 */
function discard(handle: NodeHandle, spawn: Method): void {
  for (const key of Reflect.ownKeys(handle)) Reflect.deleteProperty(handle, key);
  if (nodeMajor >= 24) return;
  // Another copy of this package may guard the method.
  native.runAtBaseline(() => Reflect.apply(spawn, handle, [impossible]));
  handle.close();
}

const isPipe = ({ type }: Stdio): boolean => type === 'pipe' || type === 'overlapped';

/**
 * Gives the process's ends of the pipes to node's handles. Returns libuv's error number if one cannot be used. Throws node's
 * error if the permission model does not allow it. The descriptors are then closed.
 */
function openPipes(stdio: readonly Stdio[], descriptors: readonly number[]): number {
  const left = [...descriptors.entries()].filter(([, fd]) => fd >= 0);
  try {
    for (let next = left[0]; next; next = left[0]) {
      const { handle } = stdio[next[0]] as { readonly handle: PipeHandle };
      const error = handle.open(next[1]) ?? 0;
      if (error) return error;
      left.shift();
    }
    return 0;
  } finally {
    for (const [, fd] of left) originals.closeSync(fd);
  }
}

/** Opens the pipes of a program that could not be started, at their end: node reads from them, as it does then. */
function endPipes(stdio: readonly Stdio[]): void {
  const pipes = stdio.filter(isPipe);
  openPipes(
    pipes,
    pipes.map(() => native.endedPipe()),
  );
}

/** A program that runs as a user, in the place of node's handle of a process: `ChildProcess` does the rest. */
export class ProgramHandle {
  /** Node's function that reports the end. */
  onexit: OnExit;
  pid: number | undefined;
  /** Until the program is started. */
  #node: { readonly handle: NodeHandle; readonly spawn: Method } | undefined;
  readonly #user: ProgramUser;
  readonly #prepared: Prepared | number;
  readonly #options: NodeOptions;
  #program: ProgramId | undefined;
  #isReferenced = true;

  /**
   * `nodeSpawn` is the method of node's handle without the guard. `prepared` is the number of an error if no program can be
   * started. Node completes `options` before it calls `spawn`.
   */
  constructor(
    handle: NodeHandle,
    nodeSpawn: Method,
    user: ProgramUser,
    prepared: Prepared | number,
    options: NodeOptions,
  ) {
    this.onexit = handle.onexit;
    this.#node = { handle, spawn: nodeSpawn };
    this.#user = user;
    this.#prepared = prepared;
    this.#options = options;
  }

  /** Whether `spawn()` has been called. Node does not call it for wrong options. */
  get isUsed(): boolean {
    return this.#node === undefined;
  }

  /** Starts the program. Returns 0 or libuv's error number. */
  spawn(): number {
    const stdio = this.#options.stdio as readonly Stdio[];
    if (!this.#node) return inUse;
    const { handle, spawn } = this.#node;
    this.#node = undefined;
    try {
      requirePermission();
      discard(handle, spawn);
      const started = this.#start(stdio);
      if (typeof started !== 'number') return this.#started(started, stdio);
      if (!withoutStreams.has(started)) endPipes(stdio);
      return started;
    } catch (error) {
      // Node does it for error numbers only.
      for (const one of stdio) if (isPipe(one)) one.handle?.close();
      throw error;
    }
  }

  #start(stdio: readonly Stdio[]): NativeProgram | number {
    if (typeof this.#prepared === 'number') return this.#prepared;
    const { envPairs } = this.#options;
    let { env } = this.#prepared;
    // Node adds the channel for messages.
    if (env && Array.isArray(envPairs)) env = envPairs.map(String);
    const credentials = new ProgramCredentials(this.#user, this.#prepared.credentials);
    const onExit = (code: number, signal: number): void => {
      credentials.remove();
      this.onexit(code, signalName(signal));
    };
    let isRunning = false;
    try {
      const options = { ...this.#prepared, env: credentials.addTo(env), stdio: stdio.map(toNativeStdio) };
      const started = orTooManyFiles(() => native.startProgram(this.#user, options, onExit));
      isRunning = typeof started !== 'number';
      return started;
    } finally {
      if (!isRunning) credentials.remove();
    }
  }

  #started({ id, pid, descriptors }: NativeProgram, stdio: readonly Stdio[]): number {
    this.#program = id;
    if (!this.#isReferenced) native.keepLoopForProgram(id, false);
    let isOpen = false;
    try {
      const error = openPipes(stdio, descriptors);
      isOpen = error === 0;
      if (isOpen) this.pid = pid;
      return error;
    } finally {
      if (!isOpen) this.kill(constants.signals.SIGKILL);
    }
  }

  /** Sends a signal as the user. Returns 0 or libuv's error number. */
  kill(signal: number): number {
    return this.#program === undefined ? noProgram : native.killProgram(this.#program, signal);
  }

  ref(): void {
    this.#keepLoop(true);
  }

  unref(): void {
    this.#keepLoop(false);
  }

  hasRef(): boolean {
    return this.#isReferenced;
  }

  close(): void {
    if (this.#program !== undefined) native.closeProgram(this.#program);
    this.#program = undefined;
    this.#isReferenced = false;
  }

  #keepLoop(keep: boolean): void {
    this.#isReferenced = keep;
    if (this.#program !== undefined) native.keepLoopForProgram(this.#program, keep);
  }
}
