import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';
import { product, root } from '../paths';
import type { ApiExample } from './extract';

/** A compiled example, for run.ts. */
export interface Runnable {
  readonly id: string;
  readonly file: string;
  /** Those of `Names` that it gets. */
  readonly needs: readonly string[];
  readonly prints: readonly string[];
}

/** The classes whose objects are the test's: the package's need a domain. */
const replaced = ['NegotiateServer', 'NegotiateClient'];
const place = join(root, 'test', 'support', 'api-examples');
const options: ts.CompilerOptions = {
  module: ts.ModuleKind.Node16,
  moduleResolution: ts.ModuleResolutionKind.Node16,
  target: ts.ScriptTarget.ES2022,
  lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts'],
  types: ['node'],
  strict: true,
  exactOptionalPropertyTypes: true,
  esModuleInterop: true,
  skipLibCheck: true,
  noEmit: true,
};

/** The names that stand for modules. */
const modules = ['fs', 'http', 'path'];

/** Returns the names that run.ts makes for the example. */
const madeFor = ({ names }: ApiExample): string[] => names.filter((name) => !modules.includes(name));

/** Returns the example as a module: with imports of what it uses, in a function of its own. */
function moduleOf(example: ApiExample): string {
  const imports = [...example.uses].map(
    ([entry, names]) => `import { ${names.join(', ')} } from '${entry}';`,
  );
  return [
    "import type { Names } from './names';",
    ...imports,
    ...example.names
      .filter((name) => modules.includes(name))
      .map((name) => `import ${name} from 'node:${name}';`),
    example.imports,
    `export default async ({ ${madeFor(example).join(', ')} }: Names): Promise<void> => {`,
    '{',
    example.source,
    '}',
    '};',
  ].join('\n');
}

/** Returns the errors of the compiler, with the names of the examples. All of them are one program. */
export function typeErrorsOf(examples: readonly ApiExample[]): string[] {
  const texts = new Map(
    examples.map((example, index) => [join(place, `example-${String(index)}.ts`), moduleOf(example)]),
  );
  const ids = new Map([...texts.keys()].map((file, index) => [file, examples[index]?.id]));
  const host = ts.createCompilerHost(options);
  const { readFile, fileExists } = host;
  host.readFile = (file) => texts.get(file) ?? readFile(file);
  host.fileExists = (file) => texts.has(file) || fileExists(file);
  const program = ts.createProgram([...texts.keys()], options, host);
  return [...texts.keys()].flatMap((file) => {
    const source = program.getSourceFile(file);
    const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
    return found.map(
      ({ messageText }) => `${String(ids.get(file))}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`,
    );
  });
}

const dist = dirname(product);

/** Returns the example as JavaScript that is run anywhere, with `doubles` in the place of what needs a domain. */
function scriptOf(example: ApiExample): string {
  const compilerOptions = { ...options, noEmit: false, module: ts.ModuleKind.CommonJS };
  delete compilerOptions.moduleResolution;
  const { outputText } = ts.transpileModule(moduleOf(example), { compilerOptions });
  const doubled = replaced.reduce(
    (text, name) => text.replace(new RegExp(`\\b\\w+_\\d+\\.${name}\\b`, 'g'), `doubles.${name}`),
    outputText,
  );
  return doubled
    .replaceAll('require("impersonate")', `require(${JSON.stringify(product)})`)
    .replace(
      /require\("impersonate\/(\w+)"\)/g,
      (_all, name: string) => `require(${JSON.stringify(join(dist, `${name}.js`))})`,
    );
}

/** Writes the examples to a folder, for run.ts. */
export function writeExamples(examples: readonly ApiExample[], folder: string): void {
  const written = examples.map((example, index): Runnable => {
    const file = join(folder, `example-${String(index)}.js`);
    writeFileSync(file, scriptOf(example));
    return { id: example.id, file, needs: madeFor(example), prints: example.prints };
  });
  writeFileSync(join(folder, 'examples.json'), JSON.stringify(written));
}

/** Returns the names that the reference's introduction says examples use. */
export function statedNames(): string[] {
  const text = readFileSync(join(root, 'docs', 'api', 'README.md'), 'utf8');
  return [...text.matchAll(/^\| `(\w+)`(?:, `(\w+)`)* \|/gm)].flatMap(([row]) =>
    [...row.matchAll(/`(\w+)`(?=[,\s])/g)].map(([, name = '']) => name),
  );
}
