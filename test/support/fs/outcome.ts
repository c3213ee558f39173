import fs from 'node:fs';
import { join } from 'node:path';

const classes = new Map<unknown, number>();

/** Returns a number for a class, always the same for the same class. */
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

/** Errors of internal classes of Node; only their class may differ. */
const ofOwnClass = (error: NodeJS.ErrnoException): boolean =>
  'info' in error || error instanceof AggregateError;

/** Fields that other processes change between two calls. */
const changing = new Set<PropertyKey>(['bfree', 'bavail', 'ffree']);

/** Returns a JSON value that describes the value: its class and all own properties, in order. */
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

/** Describes the outcome of a call; closes handles. */
export async function outcomeOf(how: 'value' | 'error', value: unknown): Promise<unknown> {
  if (how === 'value' && typeof value === 'object' && value !== null && isHandle(value)) {
    await value.close();
    return { how, handle: numberOf(Object.getPrototypeOf(value)) };
  }
  return { how, value: shape(value) };
}

/** Describes the tree below the folder: kinds, modes and contents; temporary names become one name. */
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
