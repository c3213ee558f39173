import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../paths';

/** An `@example` of a docstring in lib. */
export interface ApiExample {
  /** The file and the name of what it documents: `token/token.ts run`. */
  readonly id: string;
  readonly source: string;
  /** The import statements at its top. */
  readonly imports: string;
  /** The lines that its comments promise it prints. */
  readonly prints: readonly string[];
  /** The names of the package that it uses, by what is imported. */
  readonly uses: ReadonlyMap<string, readonly string[]>;
  /** Those of `Names` that it uses. */
  readonly names: readonly string[];
}

const library = join(root, 'lib');

/** The names that an entry point exports, by its declarations. */
function exportsOf(entry: string): string[] {
  const declarations = readFileSync(join(root, 'dist', `${entry}.d.ts`), 'utf8');
  return [...declarations.matchAll(/^export (?:type )?\{([^}]*)\}/gm)]
    .flatMap(([, list = '']) => list.split(','))
    .map((name) => name.replace(/^.* as /, '').trim())
    .filter((name) => name !== '' && name !== 'default');
}

const fsFiles = ['fs.ts', 'fs/mkdir.ts'];

/** The names in the order in which they are looked up; those of impersonate/fs are common words. */
function lookups(file: string): [string, readonly string[]][] {
  const entries = ['index', 'http', 'postgres', 'declarative', ...(fsFiles.includes(file) ? ['fs'] : [])];
  return entries.map((entry) => [
    entry === 'index' ? 'impersonate' : `impersonate/${entry}`,
    exportsOf(entry),
  ]);
}

/** Returns the names in `source`, without those of properties. */
const identifiersOf = (source: string): Set<string> =>
  new Set([...source.matchAll(/(?<![\w$]|(?<!\.\.)\.)\w+\b(?!:)/g)].map(([name]) => name));

function toExample(file: string, body: string, after: string, known: readonly string[]): ApiExample {
  const text = body.replace(/^ *\* ?/gm, '').trim();
  const imports = [...text.matchAll(/^import [^]*?;$/gm)].map(([statement]) => statement).join('\n');
  const source = text.replace(/^import [^]*?;\n/gm, '');
  const used = identifiersOf(source.replace(/\/\/.*$/gm, '').replace(/'[^'\n]*'/g, "''"));
  const isImported = (name: string): boolean =>
    new RegExp(`\\b${name}\\b`).test(imports.replace(/'[^']*'/g, ''));
  const uses = new Map<string, string[]>();
  const found = new Set<string>();
  for (const [entry, exported] of lookups(file)) {
    const names = exported.filter((name) => used.has(name) && !found.has(name) && !isImported(name));
    for (const name of names) found.add(name);
    if (names.length > 0) uses.set(entry, names);
  }
  const name =
    /^\s*(?:\/\/.*\n\s*)*(?:export |default |override |static |async |get |class |interface |type |const |function )*([\w{]+)/.exec(
      after,
    )?.[1];
  return {
    id: `${file} ${name ?? ''}`,
    source,
    imports,
    prints: [...source.matchAll(/\/\/ Prints: (.*)$/gm)].map(([, line = '']) => line),
    uses,
    names: known.filter((one) => used.has(one) && !isImported(one)),
  };
}

/** Returns the examples of all docstrings. `known` are the names that examples need not declare. */
export function apiExamples(known: readonly string[]): ApiExample[] {
  const files = readdirSync(library, { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => file.endsWith('.ts'))
    .sort();
  return files.flatMap((file) => {
    const text = readFileSync(join(library, file), 'utf8').replaceAll('\r\n', '\n');
    const docstrings = text.matchAll(
      /\/\*\*(?:(?!\*\/)[^])*?\* @example\n((?:(?!\*\/)[^])*)\*\/\n([^]*?)[;{=]/g,
    );
    return [...docstrings].map(([, body = '', after = '']) => toExample(file, body, after, known));
  });
}
