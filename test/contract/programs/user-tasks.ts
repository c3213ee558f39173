// What the workers of UserWorkers perform in the tests. The world is loaded before, as the process.
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { parentPort, MessagePort, threadId, workerData } from 'node:worker_threads';
import { ImpersonationError, Token, UserWorkers } from 'impersonate';
import { world } from '../../support/world/world';

export interface Seen {
  /** The effective identity of the thread, by the kernel. */
  readonly user: string;
  /** Whose object the kernel lets it open. */
  readonly opens: string;
  readonly current: string;
  readonly thread: number;
  readonly task: unknown;
}

const look = (task: unknown): Seen => ({
  user: world.whoAmI(),
  opens: [world.alice, world.bob]
    .filter((who) => world.canOpen(who))
    .map(({ key }) => key)
    .join(),
  current: Token.current().user.id,
  thread: threadId,
  task,
});

export default async function seen(task: unknown): Promise<Seen> {
  const first = look(task);
  await delay(1);
  return { ...look(task), user: first.user };
}

export const thread = (): number => threadId;
export const echo = (value: unknown): unknown => value;
export const data = (): unknown => workerData;

/** Waits until the shared number is not 0, and returns the thread. */
export async function wait(gate: Int32Array): Promise<number> {
  while (Atomics.load(gate, 0) === 0) await delay(2);
  return threadId;
}

/** Counts in shared memory how many tasks have begun, and never ends. */
export function hang(begun: Int32Array): never {
  Atomics.add(begun, 0, 1);
  for (;;);
}

export function exit(begun: Int32Array): void {
  Atomics.add(begun, 0, 1);
  process.exit(7);
}

export function crash(error: unknown): Promise<never> {
  setTimeout(() => {
    throw Object.assign(new RangeError('not caught'), { code: 'MINE', error });
  }, 1);
  return new Promise(() => {});
}

export function fill(): void {
  const kept: unknown[] = [];
  for (;;) kept.push({ text: `number ${String(kept.length)}` });
}

/** Returns a result, and ends the thread when it is posted. */
export function exitAfter(ended: Int32Array): string {
  process.once('exit', () => Atomics.store(ended, 0, 1));
  setImmediate(() => process.exit());
  return 'the result';
}

export function setEnv(value: string): string | undefined {
  const before = process.env.USER_TASKS;
  process.env.USER_TASKS = value;
  return before;
}

let kept: unknown;
/** Returns the first value that it got in this thread, as a cache does. */
export const keep = (value: unknown): unknown => (kept ??= value);

/** Posts at every port what no host would, and then returns. */
export async function forge(ids: readonly number[]): Promise<string> {
  const handles = (process as unknown as { _getActiveHandles(): unknown[] })._getActiveHandles();
  const ports = [parentPort, ...handles].filter((one) => one instanceof MessagePort);
  const messages = [
    null,
    5,
    'x',
    [],
    {},
    { ready: true },
    { failed: { value: 1 } },
    { id: {} },
    { id: null },
  ];
  for (const port of ports) {
    for (const message of messages) port.postMessage(message);
    for (const id of ids) port.postMessage({ id, value: 'forged' });
  }
  await delay(5);
  return `${String(ports.length)} ports`;
}

class QuotaError extends Error {
  readonly code = 'EDQUOT';
  readonly left = { bytes: 5n };
  override name = 'QuotaError';
}

const errors: Record<string, () => unknown> = {
  system: () => readFileSync('/no/such/file'),
  own: () => new QuotaError('full', { cause: new TypeError('inner', { cause: 'text' }) }),
  list: () => new AggregateError([new RangeError('first'), 2], 'some'),
  dom: () => new DOMException('gone', 'SyntaxError'),
  impersonation: () => new ImpersonationError('no', 'ERR_TOKEN_CLOSED', 5, 'call'),
  text: () => 'just text',
  nothing: () => undefined,
  function: () => () => 1,
  partly: () => Object.assign(new Error('partly'), { fine: 1, call: () => 2 }),
  odd: () => Object.assign(new Error('odd'), { name: 5, stack: 7 }),
  circular: () => {
    const error = new Error('round');
    error.cause = error;
    return error;
  },
  throwing: () =>
    Object.defineProperty(new Error('getter'), 'bad', {
      get() {
        throw new Error('from the getter');
      },
    }),
};

export const errorNames = Object.keys(errors);

export async function fail(name: string): Promise<never> {
  await delay(0);
  throw errors[name]?.();
}

/** What cannot be cloned. */
export const uncloneable = (): unknown => () => 1;

export const moved = (length: number): Uint8Array => UserWorkers.move(new Uint8Array(length).fill(7));
export const detached = (bytes: Uint8Array): number => bytes.byteLength;
