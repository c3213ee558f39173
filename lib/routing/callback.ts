import { operations } from '../fs/operations';
import { originals } from '../fs/node-fs';
import { currentIdentity, type Identity } from '../flow/identity';
import { noteOpening } from '../flow/open-handles';
import { descriptorOperations } from './descriptors';
import { like, notRouted, type AnyFunction, type Router } from './router';

type Done = (...args: unknown[]) => void;
type Operation = (identity: Identity, ...args: unknown[]) => Promise<unknown>;

const named: Readonly<Record<string, Operation | undefined>> = {
  ...operations,
  ...descriptorOperations,
  open(identity, ...args) {
    const opened = noteOpening(identity, args[0]);
    return operations.openDescriptor(identity, ...args).then((fd) => {
      opened?.(fd);
      return fd;
    });
  },
};

/** What may be given a descriptor for a path: it is open, so that nobody's rights are needed. */
const withDescriptors = new Set(['appendFile', 'readFile', 'truncate', 'writeFile']);

/** The arguments before the callback, and the callback; throws what node throws if there is none. */
export function splitCallback(args: readonly unknown[], required: number): [unknown[], Done] {
  const at = args.findIndex((arg, index) => index >= required && typeof arg === 'function');
  if (at < 0) originals.access('', undefined as never);
  return [args.slice(0, at), args[at] as Done];
}

/** Calls back in a tick of its own: what the callback throws is an uncaught exception, as it is node's. */
export function callBack(done: Done, result: Promise<unknown>): void {
  result.then(
    (value) => process.nextTick(done, ...(value === undefined ? [null] : [null, value])),
    (error: unknown) => process.nextTick(done, error),
  );
}

/** For a function with a callback, which is no earlier than argument `required`. */
export const callback =
  (required: number): Router =>
  (name, original) =>
    like(original, function (...args) {
      const identity = currentIdentity();
      if (!identity || (withDescriptors.has(name) && typeof args[0] === 'number')) {
        return Reflect.apply(original, this, args);
      }
      const operation = named[name];
      if (!operation) throw notRouted(name);
      const [given, done] = splitCallback(args, required);
      callBack(done, operation(identity, ...given));
      return undefined;
    });

/** For exists(), whose callback gets nothing but the answer. */
export const exists: Router = (_name, original) =>
  like(original, function (...args) {
    const identity = currentIdentity();
    if (!identity) return Reflect.apply(original, this, args);
    const [given, done] = splitCallback(args, 1);
    const answer = (found: boolean): void => process.nextTick(done, found);
    try {
      operations.access(identity, given[0]).then(
        () => answer(true),
        () => answer(false),
      );
    } catch {
      answer(false);
    }
    return undefined;
  });

/** For realpath() and realpathSync(), which have a second form. */
export const withNative =
  (route: Router): Router =>
  (name, original) => {
    const { native } = original as AnyFunction & { native: AnyFunction };
    return Object.assign(route(name, original), { native: route(name, native) });
  };
