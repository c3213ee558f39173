import { types } from 'node:util';
import { ImpersonationError } from '../internal/error';

/** A value that can be posted to another thread. In a message itself an error keeps neither its class nor its code. */
export type Packed =
  { readonly value: unknown } | { readonly error: PackedError } | { readonly list: readonly Packed[] };

interface PackedError {
  /** The name of the nearest of `classes`. */
  readonly type: string;
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  readonly fields: readonly PackedField[];
}

interface PackedField {
  readonly key: string;
  readonly enumerable: boolean;
  readonly packed: Packed;
}

type ErrorClass = new (message?: string) => Error;

/** The classes that an error keeps. Names are written out, since a bundler may shorten those of classes. */
const classes = new Map<string, ErrorClass>(
  Object.entries({
    Error,
    EvalError,
    RangeError,
    ReferenceError,
    SyntaxError,
    TypeError,
    URIError,
    AggregateError: AggregateError as unknown as ErrorClass,
    ImpersonationError: ImpersonationError as unknown as ErrorClass,
  }),
);
const domException = 'DOMException';

/** How deep causes are passed on. */
const maxDepth = 8;

/** Errors of other realms, and those that node has made again from a Worker's, are instances of only one of these. */
const isError = (value: unknown): value is Error =>
  types.isNativeError(value) || value instanceof Error || value instanceof DOMException;

/** Returns a member; undefined if its getter throws. */
function read(object: unknown, key: string): unknown {
  try {
    return Reflect.get(object as object, key);
  } catch {
    return undefined;
  }
}

function typeOf(error: Error): string {
  if (error instanceof DOMException) return domException;
  const isKnown = (name: unknown): name is string => typeof name === 'string' && classes.has(name);
  const own = read(error, 'name');
  if (isKnown(own)) return own;
  for (let object: unknown = error; object; object = Object.getPrototypeOf(object)) {
    const name = read(read(object, 'constructor') ?? {}, 'name');
    if (isKnown(name)) return name;
  }
  return 'Error';
}

function packField(error: Error, key: string, depth: number): PackedField[] {
  if (['name', 'message', 'stack'].includes(key)) return [];
  const packed = packAt(read(error, key), depth);
  const { enumerable = false } = Object.getOwnPropertyDescriptor(error, key) ?? {};
  return packed ? [{ key, enumerable, packed }] : [];
}

function packError(error: Error, depth: number): PackedError {
  const text = (key: string): string | undefined => {
    const value = read(error, key);
    return typeof value === 'string' ? value : undefined;
  };
  return {
    type: typeOf(error),
    name: text('name') ?? 'Error',
    message: text('message') ?? '',
    stack: text('stack'),
    fields: Object.getOwnPropertyNames(error).flatMap((key) => packField(error, key, depth + 1)),
  };
}

/** Returns undefined for what cannot be cloned; at depth 0 the error that says so. */
function packAt(value: unknown, depth: number): Packed | undefined {
  if (depth > maxDepth) return undefined;
  if (isError(value)) return { error: packError(value, depth) };
  if (Array.isArray(value) && value.some(isError)) {
    return { list: value.flatMap((one) => packAt(one, depth + 1) ?? []) };
  }
  try {
    return { value: structuredClone(value) };
  } catch (error) {
    return depth === 0 ? { error: packError(error as Error, depth) } : undefined;
  }
}

/** Packs what a task has thrown: an error with its class, its own fields and its causes; of these what can be cloned. */
export const pack = (thrown: unknown): Packed => packAt(thrown, 0) as Packed;

function define(error: Error, key: string, value: unknown, enumerable: boolean): void {
  Object.defineProperty(error, key, { value, enumerable, writable: true, configurable: true });
}

function unpackError({ type, name, message, stack, fields }: PackedError): Error {
  const error =
    type === domException
      ? new DOMException(message, name)
      : Reflect.construct<[string], Error>(Error, [message], classes.get(type) ?? Error);
  if (error.name !== name) define(error, 'name', name, false);
  if (stack !== undefined) define(error, 'stack', stack, false);
  for (const { key, enumerable, packed } of fields) define(error, key, unpack(packed), enumerable);
  return error;
}

/** Makes again what `pack` got. */
export function unpack(packed: Packed): unknown {
  if ('error' in packed) return unpackError(packed.error);
  return 'list' in packed ? packed.list.map(unpack) : packed.value;
}
