import ts from 'typescript';
import { Converter } from 'typedoc';

const width = 100;

/** The TypeScript declarations that TypeDoc's reflections are made of: types are shown as they are written. */
export class Declarations {
  #nodes = new Map();
  #checker;

  constructor(converter) {
    converter.on(Converter.EVENT_CREATE_DECLARATION, (context, reflection) => {
      this.#checker = context.checker;
      const [node] = context.getSymbolFromReflection(reflection)?.declarations ?? [];
      if (node) this.#nodes.set(reflection, node);
    });
    converter.on(Converter.EVENT_CREATE_SIGNATURE, (_context, reflection, node) => {
      if (node) this.#nodes.set(reflection, node);
    });
  }

  /** Whether the reflection is declared in the sources: a constructor can be implied. */
  has(reflection) {
    return this.#nodes.has(reflection);
  }

  /** Returns the name as it is written: `[Symbol.dispose]`. */
  nameOf(reflection) {
    const { name } = this.#nodes.get(reflection) ?? {};
    return name !== undefined && ts.isComputedPropertyName(name) ? name.getText() : reflection.name;
  }

  /** Returns the type of a property, accessor, variable or alias. */
  typeOf(reflection) {
    const node = this.#nodes.get(reflection);
    const written =
      node?.type ?? (node && ts.isAsExpression(node.initializer ?? node) ? node.initializer.type : undefined);
    if (written === undefined) return '';
    return this.#textOf(written);
  }

  parameterType(signature, name) {
    const node = this.#parameters(signature).find((parameter) => parameter.name.getText() === name);
    return this.#typeOfParameter(node);
  }

  /** Returns the lines of a signature; of an accessor's or a property's with `name: type`. */
  signatureLines(head, signature) {
    const node = this.#nodes.get(signature);
    const types = (node.typeParameters ?? []).map((parameter) => textOf(parameter));
    const parameters = this.#parameters(signature)
      .filter(({ name }) => name.getText() !== 'this')
      .map((node) => this.#parameterText(node));
    const isNew = ts.isConstructorDeclaration(node);
    const owners = isNew ? (node.parent.typeParameters ?? []).map((parameter) => parameter.name.text) : types;
    const start = `${head}${owners.length > 0 ? `<${owners.join(', ')}>` : ''}`;
    const end = isNew ? ')' : `): ${node.type ? textOf(node.type) : 'void'}`;
    const line = `${start}(${parameters.join(', ')}${end}`;
    if (line.length <= width || parameters.length === 0) return [line];
    return [`${start}(`, ...parameters.map((text) => `  ${text},`), end];
  }

  /** Returns the lines of an alias, with its type as it is written, without comments. */
  aliasLines(reflection) {
    const node = this.#nodes.get(reflection);
    const parameters = (node.typeParameters ?? []).map((parameter) => textOf(parameter)).join(', ');
    const head = `type ${reflection.name}${parameters && `<${parameters}>`}`;
    const type = this.typeOf(reflection);
    const members = ts.isUnionTypeNode(node.type) ? node.type.types.map(textOf) : type.split(/ \| (?=')/);
    const line = `${head} = ${type}`;
    return line.length <= width || members.length === 1
      ? [line]
      : [`${head} =`, ...members.map((text) => `  | ${text}`)];
  }

  /** Returns the lines that declare the names which the declarations use and their file does not export. */
  localAliases(reflections) {
    const found = new Map();
    const visit = (node) => {
      if (ts.isBlock(node)) return;
      const symbol = ts.isTypeReferenceNode(node)
        ? this.#checker.getSymbolAtLocation(node.typeName)
        : undefined;
      for (const alias of symbol?.declarations ?? []) {
        const isLocal =
          ts.isTypeAliasDeclaration(alias) &&
          alias.getSourceFile() === node.getSourceFile() &&
          !(ts.getCombinedModifierFlags(alias) & ts.ModifierFlags.Export);
        if (!isLocal || found.has(alias)) continue;
        found.set(alias, alias.getText().replace(/;$/, ''));
        visit(alias.type);
      }
      ts.forEachChild(node, visit);
    };
    for (const reflection of reflections) {
      const node = this.#nodes.get(reflection);
      if (node) visit(node);
    }
    return [...found.values()];
  }

  #parameters(signature) {
    return this.#nodes.get(signature).parameters;
  }

  #typeOfParameter(node) {
    return node.type
      ? this.#textOf(node.type)
      : this.#checker.typeToString(this.#checker.getTypeAtLocation(node));
  }

  #parameterText(node) {
    const isOptional = node.questionToken !== undefined || node.initializer !== undefined;
    const name = `${node.dotDotDotToken ? '...' : ''}${node.name.getText()}`;
    return `${name}${isOptional ? '?' : ''}: ${this.#typeOfParameter(node)}`;
  }

  // The keys and values of a constant that only its own file has are shown themselves.
  #textOf(node) {
    if (!/\bkeyof typeof\b|\(typeof\b/.test(node.getText())) return textOf(node);
    const flags = ts.TypeFormatFlags.NoTruncation | ts.TypeFormatFlags.InTypeAlias;
    return this.#checker
      .typeToString(this.#checker.getTypeFromTypeNode(node), node, flags)
      .replaceAll('"', "'");
  }
}

// One line without comments: what is wider is broken by its reader.
function textOf(node) {
  const source = node.getSourceFile();
  const printed = ts.createPrinter({ removeComments: true }).printNode(ts.EmitHint.Unspecified, node, source);
  return printed
    .replace(/\s*\n\s*/g, ' ')
    .replace(/;( \})/g, '$1')
    .replace(/\[ /g, '[')
    .replace(/ \]/g, ']')
    .replace(/"([^"']*)"/g, "'$1'");
}
