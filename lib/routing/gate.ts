import { currentTokenId } from '../scope/state';
import { isInFlow, isThreadPinned } from '../internal/flow-store';
import type { AnyFunction } from './router';

/**
 * Decides about a call of a built-in without a token. Returns the error to report; undefined if the call may continue.
 * `called` is the function that programs call, for the stack above it.
 */
export type Gate = (name: string, args: readonly unknown[], called: AnyFunction) => Error | undefined;

let gate: Gate | undefined;
let waiting: (() => void)[] = [];
/** The number of calls on the stack whose inner calls of built-ins continue without a check. */
let passing = 0;

/** Returns whether this thread is sealed. */
export const isSealed = (): boolean => gate !== undefined;

/** Seals this thread, for good. */
export function closeGate(decide: Gate): void {
  gate = decide;
  for (const install of waiting) install();
  waiting = [];
}

/** Calls `install` when this thread is sealed, at once if it is: a thread that is not sealed pays for no check. */
export function whenSealed(install: () => void): void {
  if (gate) install();
  else waiting.push(install);
}

/**
 * Returns the error of a call of a built-in that a sealed thread may not make; undefined for every other call. Code
 * without a token is outside of every flow and scope, and not in withoutToken().
 */
export function refusalOf(name: string, args: readonly unknown[], called: AnyFunction): Error | undefined {
  if (!gate || passing > 0 || currentTokenId() !== 0 || isInFlow() || isThreadPinned()) return undefined;
  return gate(name, args, called);
}

/**
 * Throws the error of a call of a built-in that a sealed thread may not make. `args` are what the allowed paths are found
 * in. For guards that node's own functions call, too.
 */
export function requireToken(name: string, args: readonly unknown[] = []): void {
  const refusal = refusalOf(name, args, requireToken as AnyFunction);
  if (refusal) throw refusal;
}

/**
 * Calls `fn` and returns its result. Built-ins that it calls continue without a check: they do the work of a call that
 * was checked, or load a module. Asynchronous work that it starts is checked.
 */
export function pass<R>(fn: () => R): R {
  if (!gate) return fn();
  passing += 1;
  try {
    return fn();
  } finally {
    passing -= 1;
  }
}
