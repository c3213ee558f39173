import fs from 'node:fs';
import { join } from 'node:path';

const classes = new Map<unknown, number>();

/** A number for a class, the same for the same one. */
function numberOf(prototype: unknown): number {
  if (!classes.has(prototype)) classes.set(prototype, classes.size);
  return classes.get(prototype) ?? -1;
}

interface Closable {
  readonly fd: number;
  close(): Promise<void>;
}

const isHandle = (value: object): value is Closable => 'fd' in value && 'close' in value;
const isError = (value: object): value is NodeJS.ErrnoException => value instanceof Error;

/** Node makes these of classes that it keeps to itself; everything else about them must be the same. */
const ofOwnClass = (error: NodeJS.ErrnoException): boolean =>
  'info' in error || error instanceof AggregateError;

/** What others on the machine change between two calls. */
const changing = new Set<PropertyKey>(['bfree', 'bavail', 'ffree']);

/** A value as JSON can tell it, with its class and all of its own properties, in their order. */
function shape(value: unknown): unknown {
  if (typeof value === 'bigint') return `${String(value)}n`;
  if (typeof value === 'function') return 'function';
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value);
  if (value === undefined) return 'undefined';
  if (typeof value !== 'object' || value === null) return value;
  if (Buffer.isBuffer(value)) return `Buffer ${value.toString('hex')}`;
  if (value instanceof Date) return `Date ${String(value.getTime())}`;
  if (Array.isArray(value)) return value.map((one) => shape(one));
  const kind: Record<string, unknown> = isError(value)
    ? {
        class: ofOwnClass(value) ? '' : numberOf(Object.getPrototypeOf(value)),
        name: value.name,
        message: value.message,
        text: String(value),
      }
    : { class: numberOf(Object.getPrototypeOf(value)) };
  const keys = Reflect.ownKeys(value).filter(
    (key) => Object.prototype.propertyIsEnumerable.call(value, key) && key !== 'cause',
  );
  return [
    kind,
    ...keys.map((key) => {
      const of = (value as Record<PropertyKey, unknown>)[key];
      return [String(key), changing.has(key) ? typeof of : shape(of)];
    }),
  ];
}

/** How a call ended; handles are closed. */
export async function outcomeOf(how: 'value' | 'error', value: unknown): Promise<unknown> {
  if (how === 'value' && typeof value === 'object' && value !== null && isHandle(value)) {
    await value.close();
    return { how, handle: numberOf(Object.getPrototypeOf(value)) };
  }
  return { how, value: shape(value) };
}

/** What there is below the folder: kinds, modes, contents, and the names of temporary folders as one. */
export function treeOf(folder: string): unknown {
  return fs.readdirSync(folder, { withFileTypes: true }).map((entry) => {
    const path = join(folder, entry.name);
    const { mode, mtimeMs } = fs.lstatSync(path);
    const name = entry.name.replace(/^tmp-.{6}$/, 'tmp-');
    // The tests set times in the far past only.
    const time = mtimeMs < 1e12 ? mtimeMs : 'now';
    if (entry.isSymbolicLink()) return [name, 'link', fs.readlinkSync(path), time];
    if (entry.isDirectory()) return [name, mode, time, treeOf(path)];
    return [name, mode, time, fs.readFileSync(path, 'latin1')];
  });
}
