import { join } from 'node:path';
import { root } from '../paths';
import { linesOf, type ChildOptions, type SourceKind } from './child';
import { loading, usersSource } from './sources';

const deferringWays = join(root, 'test', 'packages', 'deferring.cjs');

/** Who hands in work: two users, and code outside of flows, each twice. */
const callers = ['alice', 'bob', 'service', 'alice', 'bob', 'service'];

/** Source for a child: `probe()` resolves to the user whose file it may read, or 'service'; `asCaller(name, fn)`. */
export const probeSource = `
  const probe = async () => {
    const readable = async (file) => fs.promises.readFile(file).then(() => true, () => false);
    if (await readable(secret)) return 'service';
    const users = [];
    for (const who of [alice, bob]) if (await readable(within(who, 'file'))) users.push(who.key);
    return users.join('+');
  };
  const asCaller = (name, fn) => (name === 'service' ? fn() : tokens[name].run(fn));
  // What hand() resolves to for each caller, if they call it at once.
  const handAsAll = (hand) => Promise.all(
    ${JSON.stringify(callers)}.map((name) => asCaller(name, hand).catch((error) => String(error.stack))),
  );
  const acrossUsers = (results) => results.some((users, index) =>
    [users].flat().length === 0 || [users].flat().some((user) => user !== ${JSON.stringify(callers)}[index]));`;

export interface DeferringOptions {
  /** Where the package is resolved. */
  readonly project?: string;
  /** Loads the package into \`exports\`; by require() by default. */
  readonly load?: string;
  readonly kind?: SourceKind;
  readonly child?: ChildOptions;
}

/**
 * Hands work to a package in flows of two users and outside of flows, in the ways of test/packages/deferring.cjs that are
 * named \`kind\`. Resolves to the ways in which each piece ran as its caller, and the results of others.
 */
export async function handedTo(
  kind: string,
  name: string,
  {
    project = root,
    load = 'load(name)',
    child = { execArgv: [...loading.import, '--no-deprecation'] },
  }: DeferringOptions = {},
): Promise<{ readonly right: string[]; readonly wrong: string[] }> {
  const source = `${usersSource('deferring')} ${probeSource}
    const load = require('node:module').createRequire(${JSON.stringify(join(project, 'package.json'))});
    const name = ${JSON.stringify(name)};
    const exports = ${load};
    const { ways } = require(${JSON.stringify(deferringWays)})[${JSON.stringify(kind)}];
    for (const [way, make] of Object.entries(ways)) {
      const hand = await make(exports, probe);
      const results = await handAsAll(hand);
      print(acrossUsers(results) ? 'wrong ' + way + ' ' + JSON.stringify(results) : 'right ' + way);
    }
    process.exit(0);`;
  const lines = await linesOf(source, child);
  const of = (prefix: string): string[] =>
    lines.filter((line) => line.startsWith(prefix)).map((line) => line.slice(prefix.length));
  return { right: of('right '), wrong: of('wrong ') };
}

/** The names of the ways of a kind, and the packages that they are for. */
export function waysOf(kind: string): { readonly packages: string[]; readonly names: string[] } {
  const all = require(deferringWays) as Record<string, { packages: string[]; ways: object }>;
  const { packages = [], ways = {} } = all[kind] ?? {};
  return { packages, names: Object.keys(ways) };
}

/** All kinds of ways. */
export const deferringKinds = (): string[] => Object.keys(require(deferringWays) as object);
