import path from 'node:path';
import ts from 'typescript';
import { root } from './root.mjs';

const faces = ['index', 'declarative', 'http', 'fs', 'postgres', 'unrouted'];
const at = (node) => {
  const source = node.getSourceFile();
  const { line } = source.getLineAndCharacterOfPosition(node.getStart(source));
  return `${path.relative(root, source.fileName).split(path.sep).join('/')}:${line + 1}`;
};
const isOurs = (declaration) =>
  !path.relative(root, declaration.getSourceFile().fileName).includes('node_modules');
// A type of others can have members that are declared here.
const isOurType = (type) => type.declarations?.every(isOurs);
const hasTag = (node, name) => ts.getJSDocTags(node).some((tag) => tag.tagName.text === name);
// A variable's docstring is that of its statement, and a setter's that of its getter.
const docOf = (node) => (ts.isVariableDeclaration(node) ? node.parent.parent : node).jsDoc?.at(-1);
const isHidden = (node) =>
  hasTag(node, 'internal') ||
  (node.name !== undefined && ts.isPrivateIdentifier(node.name)) ||
  (ts.getCombinedModifierFlags(node) & ts.ModifierFlags.Private) !== 0;

// Returns the tags that a function's docstring lacks. `Promise<void>` needs no @returns.
function missingTags(node, checker) {
  const documented = new Set(
    ts
      .getJSDocTags(node)
      .filter(ts.isJSDocParameterTag)
      .map((tag) => tag.name.getText()),
  );
  const missing = node.parameters
    .map((parameter) => parameter.name.getText())
    .filter((name) => !documented.has(name))
    .map((name) => `@param ${name}`);
  if (ts.isConstructorDeclaration(node)) return missing;
  const signature = checker.getSignatureFromDeclaration(node);
  const returned = checker.typeToString(checker.getReturnTypeOfSignature(signature));
  const isDone = ['void', 'Promise<void>', 'never', 'this'].includes(returned);
  return isDone || hasTag(node, 'returns') ? missing : [...missing, '@returns'];
}

// Every export has an example, and every method of a class, except those of symbols: `using` and the like.
function needsExample(node) {
  if (ts.isMethodDeclaration(node)) return !ts.isComputedPropertyName(node.name);
  return (
    ts.isFunctionDeclaration(node) ||
    ts.isClassDeclaration(node) ||
    ts.isInterfaceDeclaration(node) ||
    ts.isTypeAliasDeclaration(node) ||
    ts.isVariableDeclaration(node)
  );
}

function docProblems(node, name, checker) {
  const doc = docOf(node);
  const text = ts.getTextOfJSDocComment(doc?.comment) ?? '';
  const isConstructor = ts.isConstructorDeclaration(node);
  if (text === '' && !isConstructor) return [`${at(node)}: ${name} has no docstring`];
  const isFunction = ts.isFunctionDeclaration(node) || ts.isMethodDeclaration(node) || isConstructor;
  const isSymbol = node.name !== undefined && ts.isComputedPropertyName(node.name);
  const missing = isFunction && !isSymbol ? missingTags(node, checker) : [];
  if (needsExample(node) && !hasTag(node, 'example')) missing.push('@example');
  return missing.length === 0 ? [] : [`${at(node)}: the docstring of ${name} lacks ${missing.join(', ')}`];
}

// The first declaration of a function has the docstring of its overloads.
function membersOf(node) {
  if (!ts.isClassDeclaration(node) && !ts.isInterfaceDeclaration(node)) return [];
  const named = new Set();
  return node.members.filter((member) => {
    if (isHidden(member) || ts.isSetAccessor(member)) return false;
    const isFunction = ts.isMethodDeclaration(member) || ts.isCallSignatureDeclaration(member);
    const name = member.name?.getText() ?? '';
    const isOverload = isFunction && named.has(name);
    if (isFunction) named.add(name);
    return !isOverload;
  });
}

// Returns the types in the visible part of a declaration: not those of bodies or hidden members.
function* typesIn(node) {
  if (isHidden(node) || ts.isBlock(node)) return;
  const isInitial = ts.isVariableDeclaration(node) || ts.isParameter(node) || ts.isPropertyDeclaration(node);
  if (ts.isTypeReferenceNode(node)) yield node.typeName;
  if (ts.isExpressionWithTypeArguments(node)) yield node.expression;
  const parts = [];
  ts.forEachChild(node, (child) => void (isInitial && child === node.initializer ? null : parts.push(child)));
  for (const part of parts) yield* typesIn(part);
}

const resolved = (symbol, checker) =>
  symbol !== undefined && (symbol.flags & ts.SymbolFlags.Alias) !== 0
    ? checker.getAliasedSymbol(symbol)
    : symbol;

// Returns the classes of ours that a class extends: their members are visible through it.
function* basesOf(symbol, checker) {
  for (const declaration of (symbol.declarations ?? []).filter(ts.isClassDeclaration)) {
    for (const { expression } of (declaration.heritageClauses ?? []).flatMap(({ types }) => types)) {
      const base = resolved(checker.getSymbolAtLocation(expression), checker);
      if (!base?.declarations?.some(isOurs)) continue;
      yield base;
      yield* basesOf(base, checker);
    }
  }
}

// Whether the type is a name for another one within its file.
const isLocalAlias = (type) =>
  type.declarations?.every(
    (declaration) =>
      ts.isTypeAliasDeclaration(declaration) &&
      (ts.getCombinedModifierFlags(declaration) & ts.ModifierFlags.Export) === 0,
  );

// Returns the named types that a declaration shows, with those that its local names stand for.
function* shownTypes(declaration, checker) {
  for (const name of typesIn(declaration)) {
    const type = resolved(checker.getSymbolAtLocation(name), checker);
    if (type === undefined || (type.flags & ts.SymbolFlags.TypeParameter) !== 0) continue;
    if (isOurType(type) && isLocalAlias(type)) yield* shownTypes(type.declarations[0], checker);
    else yield { name, type };
  }
}

// Returns where the public API lacks documentation, or uses a type that is not exported.
export function checkPublicApi() {
  const config = ts.getParsedCommandLineOfConfigFile(path.join(root, 'tsconfig.json'), {}, ts.sys);
  const files = faces.map((face) => path.join(root, 'lib', `${face}.ts`));
  const program = ts.createProgram(files, config.options);
  const checker = program.getTypeChecker();
  const exported = new Map();
  for (const file of files) {
    const module = checker.getSymbolAtLocation(program.getSourceFile(file));
    for (const symbol of checker.getExportsOfModule(module)) {
      if (symbol.name !== 'default') exported.set(resolved(symbol, checker), symbol.name);
    }
  }
  const bases = [...exported.keys()].flatMap((symbol) => [...basesOf(symbol, checker)]);
  const problems = [];
  for (const symbol of new Set([...exported.keys(), ...bases])) {
    const declarations = (symbol.declarations ?? []).filter(isOurs);
    const first = declarations.find(ts.isFunctionDeclaration);
    for (const declaration of declarations) {
      const isOverload = ts.isFunctionDeclaration(declaration) && declaration !== first;
      const parts = isOverload ? [] : [declaration, ...membersOf(declaration)];
      for (const part of parts) {
        const member = part === declaration ? '' : `.${part.name?.getText() ?? 'constructor'}`;
        const isBase = bases.includes(symbol) && part === declaration;
        if (!isBase) problems.push(...docProblems(part, `${symbol.name}${member}`, checker));
      }
      for (const { name, type } of shownTypes(declaration, checker)) {
        if (exported.has(type) || bases.includes(type)) continue;
        if (isOurType(type))
          problems.push(`${at(name)}: ${symbol.name} uses ${type.name}, which is not exported`);
      }
    }
  }
  return [...new Set(problems)];
}
