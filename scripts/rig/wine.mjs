import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { cached } from './cache.mjs';
import { unpackDebian } from './debian.mjs';
import { runInNamespace } from './namespace.mjs';
import { withScratch } from './scratch.mjs';

const release = 'trixie';
const packages = ['wine64', 'libwine', 'libgnutls30t64', 'fonts-dejavu-core', 'libc-bin'];
const superfluous = [
  'usr/share/doc',
  'usr/share/man',
  'usr/share/locale',
  'usr/share/lintian',
  'usr/share/bug',
];
const firstStartSeconds = 180;

/**
 * Returns Wine 10 from Debian. `tree` has its files and every library they need, `prefix` a new Windows drive and
 * registry. The prefix is a template: a run works on a copy.
 */
export const wine = () => wineWith('wine-10', []);

/** Returns the same Wine under another name, with further packages of the same release in the tree. */
export async function wineWith(name, more) {
  const folder = await cached(name, (made) => makeWine(made, [...packages, ...more]));
  return { tree: path.join(folder, 'tree'), prefix: path.join(folder, 'prefix') };
}

async function makeWine(folder, wanted) {
  const tree = path.join(folder, 'tree');
  await mkdir(tree);
  const unpacked = await unpackDebian(release, wanted, tree);
  await writeFile(path.join(folder, 'packages.txt'), unpacked.join('\n') + '\n');
  await finishWine(tree);
  await Promise.all(superfluous.map((name) => rm(path.join(tree, name), { recursive: true, force: true })));
  await makePrefix(folder, tree);
}

/** Does the work of the packages' maintainer scripts, and creates mount points for the host's folders of /usr. */
async function finishWine(tree) {
  await markBuiltin(
    path.join(tree, 'usr/x86_64-w64-mingw32/lib/zlib1.dll'),
    path.join(tree, 'usr/lib/x86_64-linux-gnu/wine/x86_64-windows/zlib1.dll'),
  );
  const servers = path.join(tree, 'usr/lib/wine');
  await rename(path.join(servers, 'wineserver64'), path.join(servers, 'wineserver'));
  await Promise.all(['local', 'src'].map((name) => mkdir(path.join(tree, 'usr', name), { recursive: true })));
}

/** Adds the mark of Wine's own libraries, 32 bytes after the DOS header. Wine loads a builtin only with it. */
async function markBuiltin(from, to) {
  const library = await readFile(from);
  const mark = Buffer.alloc(32);
  mark.write('Wine builtin DLL', 'latin1');
  mark.copy(library, 64);
  await writeFile(to, library);
}

async function makePrefix(folder, tree) {
  const prefix = path.join(folder, 'prefix');
  const env = { WINEDEBUG: '-all' };
  const request = {
    tree,
    prefix,
    args: ['wineboot', '--init'],
    cwd: '/',
    env,
    timeoutSeconds: firstStartSeconds,
  };
  const result = await withScratch(folder, 'run-', (scratch) => runInNamespace({ scratch, ...request }));
  if (result.code !== 0) {
    throw new Error(`wineboot failed (${result.timedOut ? 'time limit' : result.code}):\n${result.output}`);
  }
  await rm(path.join(prefix, 'wineserver'), { force: true }); // a link to a removed folder
}
