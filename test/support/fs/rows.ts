import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { inspect } from 'node:util';

/** A call to compare; its arguments are made for each side. */
export interface Row {
  readonly name: string;
  /** Whether the call may change files, so that each side needs its own folder. */
  readonly changes: boolean;
  readonly text: string;
  readonly make: (folder: string) => unknown[];
}

type Make = (folder: string) => unknown;
/** A value, or a function that makes it from the folder. */
type Argument = Make | { readonly is: unknown };

const is = (value: unknown): Argument => ({ is: value });
const made = (argument: Argument, folder: string): unknown =>
  typeof argument === 'function' ? argument(folder) : argument.is;
const named = <T extends Make>(name: string, make: T): T =>
  Object.defineProperty(make, 'name', { value: name });

const link =
  process.platform === 'win32' ? [] : ['link', 'dirlink', 'dangling', 'loop', 'link/below', 'dir/up'];
const names = ['file', 'dir', 'missing', 'missing/below', 'file/below', 'dir/', './dir/../file', '', ...link];
const goodPaths: Argument[] = [
  ...names.map(is),
  is(Buffer.from('file')),
  is(new Uint8Array(Buffer.from('dir'))),
  named('URL', (folder) => pathToFileURL(join(folder, 'file'))),
  named('absolute', (folder) => join(folder, 'dir')),
  is('n'.repeat(300)),
];
const badPaths = [
  'a\0b',
  5,
  null,
  undefined,
  {},
  [],
  true,
  Symbol.iterator,
  Buffer.from('a\0b'),
  new URL('http://a/b'),
].map(is);
const paths = [...goodPaths, ...badPaths];
const few = ['file', 'dir', 'missing', ...link.slice(0, 3)].map(is);
const encodings = [
  'utf8',
  'hex',
  'base64',
  'latin1',
  'utf16le',
  'buffer',
  'bad',
  '',
  null,
  5,
  undefined,
  () => {},
];
const asOptions = [
  ...encodings.map(is),
  ...encodings.map((encoding) => is({ encoding })),
  is({ encoding: 'utf8', extra: 1 }),
];
const aborted = (): AbortSignal => AbortSignal.abort('reason');
const signals = ['signal', 5, null, {}].map((signal) => is({ signal }));

const rowsOf = (name: string, changes: boolean, ...columns: Argument[][]): Row[] => {
  const combined = columns.reduce<Argument[][]>(
    (all, column) => all.flatMap((row) => column.map((one) => [...row, one])),
    [[]],
  );
  return combined.map((row) => ({
    name,
    changes,
    text: row.map((one) => (typeof one === 'function' ? one.name : inspect(one.is))).join(', '),
    make: (folder) => row.map((one) => made(one, folder)),
  }));
};

const reading = (name: string, ...columns: Argument[][]): Row[] => rowsOf(name, false, ...columns);
const changing = (name: string, ...columns: Argument[][]): Row[] => rowsOf(name, true, ...columns);

const statOptions = [undefined, null, {}, { bigint: true }, { bigint: 1 }, { throwIfNoEntry: false }].map(is);
const modes = [undefined, null, 0o600, '644', '0644', '8', '', 'x', -1, 1.5, 2 ** 32, NaN, {}, 7n].map(is);
const flags = [
  ...'r r+ rs sr rs+ w w+ wx xw wx+ a a+ ax ax+ as sa as+ rw x s R wxx'.split(' '),
  '',
  null,
  undefined,
  0,
  66,
  -1,
  1.5,
  2 ** 31,
  {},
];
const times = [
  0,
  1,
  '2',
  -5,
  1.25,
  new Date(5000),
  new Date(NaN),
  NaN,
  Infinity,
  'x',
  '',
  null,
  undefined,
  {},
  3n,
].map(is);
const ids = [-1, -2, 1.5, '1', null, undefined, 2 ** 32, NaN].map(is);
const lengths = [undefined, 0, 3, 20, -1, 1.5, '1', null].map(is);
const data = [
  'text',
  '',
  Buffer.from('bytes'),
  new Uint16Array([1, 2]),
  ['a', 'b'],
  5,
  null,
  undefined,
  {},
  new DataView(new ArrayBuffer(2)),
].map(is);
const removals = [
  undefined,
  null,
  5,
  {},
  { recursive: true },
  { force: true },
  { recursive: true, force: true },
  { recursive: 1 },
  { maxRetries: -1 },
  { maxRetries: 1.5 },
  { retryDelay: -1 },
  { force: 'x' },
  { recursive: true, maxRetries: 1, retryDelay: 1 },
].map(is);
const targets = ['new', 'file', 'dir', 'missing/new', 'empty', 'dir/sub/new', ...link.slice(0, 2)].map(is);
const somePaths = [...few, ...badPaths.slice(0, 4), is('')];
const copies = [
  undefined,
  null,
  {},
  5,
  { recursive: true },
  { recursive: true, force: false },
  { recursive: true, force: false, errorOnExist: true },
  { recursive: true, dereference: true },
  { recursive: true, verbatimSymlinks: true },
  { dereference: true, verbatimSymlinks: true },
  { recursive: 1 },
  { mode: 9 },
  { mode: 1 },
  { filter: 5 },
  { recursive: true, filter: (source: string) => !source.endsWith('sub') },
  { recursive: true, preserveTimestamps: true },
].map(is);

// On Windows libuv calls other functions before it reads why a folder did not open, and the error for '' varies.
const openable =
  process.platform === 'win32' ? paths.filter((path) => typeof path === 'function' || path.is !== '') : paths;

const major = Number.parseInt(process.versions.node, 10);

/** Returns hundreds of valid and invalid calls, for existing and missing files. */
export function rows(): Row[] {
  const listing = [
    ...asOptions,
    ...[
      { withFileTypes: true },
      { recursive: true },
      { withFileTypes: true, recursive: true },
      { withFileTypes: true, encoding: 'buffer' },
      // Before version 26 Node looks up subfolders by their encoded names.
      ...(major >= 26 ? [{ recursive: true, encoding: 'hex' }] : []),
    ].map(is),
  ];
  const folderOptions = [
    undefined,
    null,
    {},
    'utf8',
    'bad',
    { recursive: true },
    { bufferSize: 1 },
    { encoding: 'buffer' },
    5,
  ].map(is);
  return [
    ...reading('access', paths, [is(undefined)]),
    ...reading('access', few, [null, 0, 4, 6, 8, -1, 1.5, '4', {}].map(is)),
    ...['stat', 'lstat', 'statfs'].flatMap((name) => [
      ...reading(name, paths),
      ...reading(name, [...few, is('missing/below'), is('file/below')], statOptions),
    ]),
    ...['readdir', 'readlink', 'realpath', 'readFile'].flatMap((name) => reading(name, paths)),
    ...reading('opendir', openable),
    ...reading('readdir', few, listing),
    ...['readlink', 'realpath'].flatMap((name) => reading(name, few, asOptions)),
    ...reading('readFile', [is('file'), is('missing')], asOptions),
    ...reading('readFile', few, [
      ...[undefined, 'utf8', null, { encoding: 'hex' }, 'bad', 5].map(is),
      ...signals,
      is({ flag: 'r+' }),
      is({ flag: 'zz' }),
      is({ flag: '' }),
      named('aborted', () => ({ signal: aborted() })),
    ]),
    ...reading('opendir', few, folderOptions),
    ...changing('open', paths, [is(undefined)]),
    ...changing('open', [is('file'), is('new'), is('dir')], flags.map(is)),
    ...changing('open', [is('new')], [is('w')], modes),
    ...changing('chmod', paths, [is(0o640)]),
    ...changing('chmod', few, modes),
    ...['chown', 'lchown'].flatMap((name) => [
      ...changing(name, somePaths, [is(-1)], [is(-1)]),
      ...changing(name, [is('file')], ids, ids),
    ]),
    ...['utimes', 'lutimes'].flatMap((name) => [
      ...changing(name, paths, [is(1)], [is(2)]),
      ...changing(
        name,
        [is('dir')],
        [is(1), is('x')],
        times.filter((_, at) => at !== 3),
      ),
    ]),
    ...changing('truncate', paths),
    ...changing('truncate', [is('file'), is('dir')], lengths),
    ...['writeFile', 'appendFile'].flatMap((name) => [
      ...changing(name, paths, [is('text')]),
      ...changing(name, [is('file'), is('new')], data),
      ...changing(
        name,
        [is('file'), is('new'), is('dir')],
        [is('text')],
        [
          ...encodings.slice(0, 5).map(is),
          is({ flag: 'a' }),
          is({ flag: 'wx' }),
          is({ flag: 'zz' }),
          is({ mode: 0o600 }),
          is({ mode: 'x' }),
          is({ flush: true }),
          is({ flush: 1 }),
          is(5),
          ...signals,
          named('aborted', () => ({ signal: aborted() })),
        ],
      ),
      ...changing(
        name,
        [is('new')],
        [
          named('stream', () => Readable.from(['a', 'b'])),
          named('generator', () =>
            (function* () {
              yield 'c';
            })(),
          ),
          named('numbers', () => [1, 2]),
        ],
      ),
    ]),
    ...changing('mkdir', paths),
    ...changing(
      'mkdir',
      [
        'new',
        'new/a/b',
        'file',
        'file/a/b',
        'dir',
        'dir/sub/x/',
        ...link.slice(2, 3),
        ...link.slice(2, 3).map((name) => `${name}/x`),
      ].map(is),
      [
        undefined,
        null,
        0o700,
        '700',
        'x',
        {},
        { recursive: true },
        { recursive: true, mode: 0o700 },
        { recursive: 1 },
        { mode: -1 },
      ].map(is),
    ),
    ...['rm', 'rmdir'].flatMap((name) => [...changing(name, paths), ...changing(name, few, removals)]),
    ...changing('unlink', paths),
    ...['rename', 'link', 'copyFile'].flatMap((name) => [
      ...changing(name, somePaths, targets),
      ...changing(name, [is('file')], badPaths),
    ]),
    ...changing(
      'copyFile',
      [is('file'), is('missing')],
      [is('new'), is('dir')],
      [null, 0, 1, 2, 8, -1, 'x', 1.5].map(is),
    ),
    ...(process.platform === 'win32'
      ? []
      : [
          ...changing('symlink', somePaths, targets),
          ...changing(
            'symlink',
            [is('file')],
            [is('new')],
            [undefined, null, 'dir', 'file', 'junction', 'x', 5].map(is),
          ),
        ]),
    ...changing('cp', [...few, is(''), is(5), is('a\0b')], targets, [is(undefined)]),
    ...changing('cp', few, targets, copies),
    ...changing('mkdtemp', [...['tmp-', 'missing/tmp-', 'a\0b', 5, null].map(is), is(Buffer.from('tmp-'))]),
    ...changing('mkdtemp', [is('missing/x')], asOptions),
    ...changing('lchmod', [is('file'), is(5)], [is(0o600), is('x')]),
  ];
}
