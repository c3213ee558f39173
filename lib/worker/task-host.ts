import type { MessagePort, Transferable } from 'node:worker_threads';
import { wrongValue } from '../internal/validate';
import type { TaskEntry } from './impersonated-worker';
import { pack, type Packed } from './task-error';

/** A task for the worker's thread. */
export interface TaskRequest {
  readonly id: number;
  /** Which export of the file performs it. */
  readonly name: string;
  readonly value: unknown;
}

/** What the worker's thread posts: that the file is loaded, or why it is not; or the outcome of the task `id`. */
export interface TaskResponse {
  readonly ready?: boolean;
  readonly failed?: Packed;
  readonly id?: number;
  readonly value?: unknown;
  readonly thrown?: Packed;
}

type Handler = (task: unknown) => unknown;

/** Returns the own member of that name. What an object inherits, such as `constructor`, is no export. */
const exported = (container: unknown, name: string): unknown =>
  (typeof container === 'object' || typeof container === 'function') &&
  container !== null &&
  Object.hasOwn(container, name)
    ? Reflect.get(container, name)
    : undefined;

/** Returns a function of a module. An ES module has all of the exports of a CommonJS module in its default export. */
function handlerOf(module: object, name: string): Handler {
  const found = [exported(module, name), exported(exported(module, 'default'), name)].find(
    (one) => typeof one === 'function',
  );
  if (found === undefined) throw wrongValue('options.name', `must be a function that the file exports`);
  return found as Handler;
}

/** The members of an object that wraps a result with what is to be transferred, as piscina has them. */
const transferable = Symbol.for('Piscina.transferable');
const valueOf = Symbol.for('Piscina.valueOf');

/** Returns a result without its wrapper, and what is to be transferred with it. */
function unwrap(result: unknown): { value: unknown; transferList: Transferable[] } {
  if (typeof result !== 'object' || result === null || !(transferable in result && valueOf in result))
    return { value: result, transferList: [] };
  return { value: result[valueOf], transferList: [result[transferable] as Transferable].flat() };
}

/** Implements `UserWorkers.move()`. */
export function move<T extends object>(value: T): T {
  const moved = { [valueOf]: value, [transferable]: ArrayBuffer.isView(value) ? value.buffer : value };
  // The task returns it in place of the value.
  return moved as unknown as T;
}

async function perform(
  port: MessagePort,
  module: object,
  { id, name, value: task }: TaskRequest,
): Promise<void> {
  const post = (response: TaskResponse, transferList?: Transferable[]): void =>
    port.postMessage(response, transferList);
  try {
    const { value, transferList } = unwrap(await handlerOf(module, name)(task));
    post({ id, value }, transferList);
  } catch (error) {
    post({ id, thrown: pack(error) });
  }
}

/** Loads the file of a worker of `UserWorkers`, and performs the tasks that arrive at its port. */
export function serveTasks({ url, tasks }: TaskEntry, load: (url: string) => Promise<object>): void {
  const post = (response: TaskResponse): void => tasks.postMessage(response);
  load(url).then(
    (module) => {
      tasks.on('message', (request: TaskRequest) => void perform(tasks, module, request));
      post({ ready: true });
    },
    (error: unknown) => post({ failed: pack(error) }),
  );
}
