import { readFileSync } from 'node:fs';
import ts from 'typescript';

const file = new URL('./native-using.mjs', import.meta.url);

/** The engine's own `using`, from Node 24 on; null before. */
export const nativeUsing = await import(file.href).catch((error) => {
  if (error instanceof SyntaxError) return null;
  throw error;
});

/** The same source, compiled by TypeScript for engines without `using`. */
export const compiledUsing = await import(`data:text/javascript,${encodeURIComponent(compile())}`);

function compile() {
  const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 };
  return ts.transpileModule(readFileSync(file, 'utf8'), { compilerOptions }).outputText;
}
