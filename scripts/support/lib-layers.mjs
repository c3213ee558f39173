import path from 'node:path';
import ts from 'typescript';

// What lib may use of node when it runs. Types may come from anywhere in node.
const builtins = new Set(
  [
    'async_hooks',
    'buffer',
    'child_process',
    'crypto',
    'diagnostics_channel',
    'events',
    'fs',
    'module',
    'net',
    'os',
    'path',
    'process',
    'url',
    'tls',
    'util',
    'v8',
    'vm',
    'worker_threads',
  ].map((name) => `node:${name}`),
);
// Other packages, each loaded by one module.
const packages = { 'lib/internal/binding.ts': 'bindings', 'lib/negotiate/kerberos.ts': 'kerberos' };
const loader = 'lib/internal/binding.ts';
const loadingMembers = new Set(['dlopen', 'binding', '_linkedBinding', 'getBuiltinModule']);

const isNamed = (node, name) => node !== undefined && ts.isIdentifier(node) && node.text === name;

// True where nothing is left of an import or export once types are erased.
function isTypeOnly(node) {
  if (ts.isImportTypeNode(node)) return true;
  if (node.isTypeOnly || node.importClause?.isTypeOnly) return true;
  const named = node.importClause?.namedBindings ?? node.exportClause;
  const onlyNames = named?.elements !== undefined && node.importClause?.name === undefined;
  return onlyNames && named.elements.length > 0 && named.elements.every((element) => element.isTypeOnly);
}

// The expression or type that names the module which `node` loads; null if it loads none.
function moduleName(node) {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return node.moduleSpecifier ?? null;
  if (ts.isExternalModuleReference(node)) return node.expression;
  if (ts.isImportTypeNode(node)) return ts.isLiteralTypeNode(node.argument) ? node.argument.literal : node;
  if (!ts.isCallExpression(node)) return null;
  const { expression } = node;
  const isImport = expression.kind === ts.SyntaxKind.ImportKeyword;
  const isRequire =
    isNamed(expression, 'require') ||
    (ts.isPropertyAccessExpression(expression) && isNamed(expression.expression, 'require'));
  return isImport || isRequire ? (node.arguments[0] ?? node) : null;
}

function moduleProblem(file, name, typeOnly) {
  if (name.startsWith('.')) {
    const target = path.posix.join(path.posix.dirname(file), name);
    if (target.startsWith('lib/') || (typeOnly && target.startsWith('types/'))) return null;
    return `imports ${target}`;
  }
  if (name.startsWith('node:')) return typeOnly || builtins.has(name) ? null : `imports ${name}`;
  return typeOnly || packages[file] === name ? null : `imports ${name}`;
}

function problemOf(file, node) {
  const named = moduleName(node);
  if (named !== null) {
    if (!ts.isStringLiteralLike(named)) return 'loads a module whose name is computed';
    return moduleProblem(file, named.text, isTypeOnly(node));
  }
  if (file === loader) return null;
  if (ts.isStringLiteralLike(node) && node.text.endsWith('.node')) return `names ${node.text}`;
  if (ts.isPropertyAccessExpression(node) && isNamed(node.expression, 'process')) {
    return loadingMembers.has(node.name.text) ? `uses process.${node.name.text}` : null;
  }
  return null;
}

// What a source of lib does that the facade must not do, as `file:line: problem`.
export function libLayerProblems(file, source) {
  const tree = ts.createSourceFile(file, source, ts.ScriptTarget.Latest, true);
  const problems = [];
  const visit = (node) => {
    const problem = problemOf(file, node);
    if (problem !== null) {
      const { line } = tree.getLineAndCharacterOfPosition(node.getStart(tree));
      problems.push(`${file}:${line + 1}: ${problem}`);
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return problems;
}
