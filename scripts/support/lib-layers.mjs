import path from 'node:path';
import ts from 'typescript';

// The modules of node that lib may use at run time. Types may come from all of them.
const builtins = new Set(
  [
    'async_hooks',
    'buffer',
    'child_process',
    'cluster',
    'crypto',
    'dgram',
    'diagnostics_channel',
    'dns',
    'events',
    'fs',
    'http',
    'module',
    'net',
    'os',
    'path',
    'process',
    'stream',
    'url',
    'tls',
    'util',
    'v8',
    'vm',
    'worker_threads',
  ].map((name) => `node:${name}`),
);
// Other packages, each loaded by one module of lib.
const packages = {
  'lib/internal/binding.ts': 'bindings',
  'lib/declarative/telemetry.ts': '@opentelemetry/api',
};
const loader = 'lib/internal/binding.ts';
const loadingMembers = new Set(['dlopen', 'binding', '_linkedBinding', 'getBuiltinModule']);

const isNamed = (node, name) => node !== undefined && ts.isIdentifier(node) && node.text === name;

// Returns whether an import or export has only types.
function isTypeOnly(node) {
  if (ts.isImportTypeNode(node)) return true;
  if (node.isTypeOnly || node.importClause?.isTypeOnly) return true;
  const named = node.importClause?.namedBindings ?? node.exportClause;
  const onlyNames = named?.elements !== undefined && node.importClause?.name === undefined;
  return onlyNames && named.elements.length > 0 && named.elements.every((element) => element.isTypeOnly);
}

// Returns the expression or type that names the module which `node` loads; null if it loads none.
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
    if (file === loader && target.startsWith('prebuilds/')) return null;
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

function* nodesOf(file, source) {
  const tree = ts.createSourceFile(file, source, ts.ScriptTarget.Latest, true);
  const left = [tree];
  for (let node = left.pop(); node !== undefined; node = left.pop()) {
    const { line } = tree.getLineAndCharacterOfPosition(node.getStart(tree));
    yield { node, at: `${file}:${line + 1}` };
    const children = [];
    ts.forEachChild(node, (child) => void children.push(child));
    left.push(...children.reverse());
  }
}

// Returns the forbidden uses in a source of lib, as `file:line: problem`.
export function libLayerProblems(file, source) {
  return [...nodesOf(file, source)].flatMap(({ node, at }) => {
    const problem = problemOf(file, node);
    return problem === null ? [] : [`${at}: ${problem}`];
  });
}

// The rooms of lib from the lowest floor to the highest: a room imports at run time only from the floors below it.
export const floors = [
  ['internal'],
  ['diagnostics'],
  ['scope'],
  ['flow'],
  ['fs'],
  ['token'],
  ['negotiate', 'peers', 'process', 'worker'],
  ['doctor', 'http', 'postgres', 'declarative'],
  ['commands', 'routing'],
  ['faces'],
];
// The modules that users import, and the first module of a worker's thread, which no module imports.
const starts = ['lib/worker/bootstrap.ts', 'lib/process/session-monitor.ts'];
const isFace = (file) => /^lib\/[^/]+$/.test(file) || starts.includes(file);
const roomOf = (file) => (isFace(file) ? 'faces' : file.split('/')[1]);
const floorOf = (file) => floors.findIndex((rooms) => rooms.includes(roomOf(file)));

// Returns the files of lib that a source imports at run time, each with the line of the import.
function runtimeImports(file, source, files) {
  return [...nodesOf(file, source)].flatMap(({ node, at }) => {
    const named = moduleName(node);
    if (named === null || isTypeOnly(node) || !ts.isStringLiteralLike(named) || !named.text.startsWith('.'))
      return [];
    const target = path.posix.join(path.posix.dirname(file), named.text);
    const names = [`${target}.ts`, `${target}/index.ts`, target.replace(/js$/, 'ts')];
    const found = names.find((name) => files.has(name));
    return found === undefined ? [] : [{ target: found, at }];
  });
}

function floorProblem(file, { target, at }) {
  if (floorOf(file) < 0) return `${at}: lib/${roomOf(file)} is on no floor of scripts/support/lib-layers.mjs`;
  if (roomOf(target) === roomOf(file) || floorOf(target) < floorOf(file)) return null;
  return `${at}: reverse the import of ${target}: ${roomOf(target)} is not on a floor below ${roomOf(file)}`;
}

// Returns the imports that close a cycle within a room. Between rooms the floors allow no cycle.
function circleProblems(imports) {
  const problems = [];
  const done = new Set();
  const follow = (file, path) => {
    if (done.has(file)) return;
    for (const { target, at } of imports.get(file)) {
      const start = [...path, file].indexOf(target);
      if (start >= 0) {
        const cycle = [...path, file].slice(start);
        problems.push(
          `${at}: reverse the import of ${target}: it closes the cycle ${[...cycle, target].join(' > ')}`,
        );
      } else follow(target, [...path, file]);
    }
    done.add(file);
  };
  for (const file of imports.keys()) follow(file, []);
  return problems;
}

// Returns imports in lib from the same or a higher floor, and cycles at run time. `sources` has the text of every file
// by its path.
export function libFloorProblems(sources) {
  const imports = new Map(
    [...sources].map(([file, source]) => [file, runtimeImports(file, source, sources)]),
  );
  const upward = [...imports].flatMap(([file, all]) => all.map((one) => floorProblem(file, one)));
  return [...upward.filter((problem) => problem !== null), ...circleProblems(imports)];
}
