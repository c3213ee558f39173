// Calls each function of node:fs/promises with many arguments, by Node as the process and by impersonate/fs under the
// process's own token, in folders with the same content. Prints the number of comparisons and the differences.
import nodeFs from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { Token, withoutToken } from 'impersonate';
import * as userFs from 'impersonate/fs';
import { tempFolder } from '../../support/folders';
import { outcomeOf, treeOf } from '../../support/fs/outcome';
import { rows } from '../../support/fs/rows';

type Functions = Record<string, ((...args: unknown[]) => Promise<unknown>) | undefined>;

const isWindows = process.platform === 'win32';

function fill(folder: string): void {
  nodeFs.mkdirSync(join(folder, 'dir', 'sub', 'deep'), { recursive: true });
  nodeFs.writeFileSync(join(folder, 'file'), 'content');
  nodeFs.writeFileSync(join(folder, 'dir', 'one'), '1');
  nodeFs.writeFileSync(join(folder, 'dir', 'sub', 'two'), '2');
  nodeFs.writeFileSync(join(folder, 'dir', 'sub', 'deep', 'three.\u00e9'), '3');
  nodeFs.mkdirSync(join(folder, 'empty'));
  if (isWindows) return;
  nodeFs.symlinkSync('file', join(folder, 'link'));
  nodeFs.symlinkSync('dir', join(folder, 'dirlink'));
  nodeFs.symlinkSync('nowhere', join(folder, 'dangling'));
  nodeFs.symlinkSync('loop', join(folder, 'loop'));
  nodeFs.symlinkSync('../file', join(folder, 'dir', 'up'));
  nodeFs.symlinkSync('sub', join(folder, 'dir', 'subagain'));
}

const base = tempFolder('parity');
let folders = 0;

/** Makes a folder with that content. Its name always has the same length, as it appears in errors. */
function freshFolder(): string {
  const folder = join(base, String(10_000 + folders++));
  nodeFs.mkdirSync(folder);
  fill(folder);
  return folder;
}

/** A folder for one call after another; if a call has changed it, the next call gets a new one. */
class Place {
  folder = freshFolder();
  readonly #asFilled = treeOf(this.folder);

  /** Describes the folder after the last call. */
  tree(): unknown {
    const tree = treeOf(this.folder);
    if (!isDeepStrictEqual(tree, this.#asFilled)) this.folder = freshFolder();
    return tree;
  }
}

/** What is there is made, not what is put into it. */
function argumentsFor(make: (folder: string) => unknown[], folder: string): unknown[] {
  return make(folder);
}

async function entriesOf(value: unknown): Promise<unknown> {
  if (!(value instanceof nodeFs.Dir)) return value;
  const found: unknown[] = [];
  for await (const entry of value) found.push(entry);
  found.sort((one, other) => JSON.stringify(one).localeCompare(JSON.stringify(other)));
  return { path: value.path, found };
}

async function attempt(functions: Functions, name: string, args: unknown[]): Promise<unknown> {
  try {
    const value = await functions[name]?.(...args);
    return await outcomeOf('value', await entriesOf(value));
  } catch (error) {
    return outcomeOf('error', error);
  }
}

async function main(): Promise<void> {
  const differences: string[] = [];
  let compared = 0;
  const both = [nodeFs.promises, userFs] as unknown as [Functions, Functions];
  const unchanged = freshFolder();
  const places = both.map((functions) => ({ functions, place: new Place() }));
  for (const { name, changes, text, make } of rows()) {
    if (both[0][name] === undefined) continue;
    const outcomes: unknown[] = [];
    for (const { functions, place } of places) {
      const folder = changes ? place.folder : unchanged;
      withoutToken(() => process.chdir(folder));
      const outcome = await attempt(functions, name, argumentsFor(make, folder));
      outcomes.push({ outcome, tree: changes ? place.tree() : undefined });
    }
    compared++;
    const [theirs, ours] = outcomes.map((outcome) => normal(outcome));
    if (!isDeepStrictEqual(theirs, ours)) {
      differences.push(`${name}(${text})\n  node ${JSON.stringify(theirs)}\n  ours ${JSON.stringify(ours)}`);
    }
  }
  console.log(JSON.stringify({ compared, differences }));
}

/** Removes the names of the folders, and the random part of mkdtemp(). */
function normal(outcome: unknown): unknown {
  const text = JSON.stringify(outcome).replaceAll(/(tmp-|missing[\\/]+x)[A-Za-z0-9]{6}/g, '$1');
  const place = JSON.stringify(base).slice(1, -1);
  return JSON.parse(
    text.replaceAll(new RegExp(`${place.replaceAll(/[\\.$]/g, '\\$&')}[\\\\/]+\\d{5}`, 'g'), '<folder>'),
  );
}

process.umask(0o022);
void Token.process().run(main);
