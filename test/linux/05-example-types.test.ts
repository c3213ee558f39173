// On Linux only, as the declarations are the same on Windows.
import { join } from 'node:path';
import ts from 'typescript';
import { root } from '../support/paths';
import { fences, isProgram } from '../support/examples/pages';
import { sourcesOf } from '../support/examples/programs';

/** What TypeScript does not know: packages without declarations. */
const declarations = "declare module 'winax' { const winax: any; export default winax; }";

/** The examples as files of the package, which they import by its name. */
const files = new Map<string, string>([[join(root, 'examples-of-docs', 'packages.d.ts'), declarations]]);
const places = new Map<string, string>();
for (const [index, fence] of fences.filter(isProgram).entries()) {
  for (const { name, text } of sourcesOf(fence)) {
    const file = join(root, 'examples-of-docs', String(index), name);
    files.set(file, `${text}\nexport {};\n`);
    places.set(file, fence.place);
  }
}

const options: ts.CompilerOptions = {
  module: ts.ModuleKind.NodeNext,
  target: ts.ScriptTarget.ES2022,
  lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts'],
  types: ['node'],
  strict: true,
  noEmit: true,
  allowJs: true,
  checkJs: true,
  skipLibCheck: true,
};

/** What JavaScript leaves out, and TypeScript asks for: types of parameters, and checks for null and of unions. */
const lenient = { noImplicitAny: false, strictNullChecks: false, useUnknownInCatchVariables: false };

const parsed = new Map<string, ts.SourceFile | undefined>();

function problemsOf(kind: 'js' | 'ts', more: ts.CompilerOptions): string[] {
  const given = { ...options, ...more };
  const host = ts.createCompilerHost(given);
  const { getSourceFile, fileExists, readFile } = host;
  host.getCurrentDirectory = () => root;
  host.fileExists = (name) => files.has(name) || fileExists(name);
  host.readFile = (name) => files.get(name) ?? readFile(name);
  host.getSourceFile = (name, ...rest) => {
    const text = files.get(name);
    if (text !== undefined) return ts.createSourceFile(name, text, rest[0]);
    if (!parsed.has(name)) parsed.set(name, getSourceFile(name, ...rest));
    return parsed.get(name);
  };
  const names = [...files.keys()].filter((name) => name.endsWith('.d.ts') || name.endsWith(kind));
  return ts
    .getPreEmitDiagnostics(ts.createProgram(names, given, host))
    .map(({ file, start, messageText }) => {
      const line = file && start !== undefined ? file.getLineAndCharacterOfPosition(start).line + 1 : 0;
      const place = places.get(file?.fileName ?? '') ?? file?.fileName ?? '';
      return `${place}, line ${String(line)}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
    });
}

test.each([
  ['ts', {}],
  ['js', lenient],
] as const)('the %s examples use the package as it is declared', (kind, more) => {
  expect(problemsOf(kind, more)).toEqual([]);
});
