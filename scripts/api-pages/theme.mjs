import { ReflectionKind } from 'typedoc';
import { MarkdownTheme, MarkdownThemeContext } from 'typedoc-plugin-markdown';
import { anchorOf } from '../support/links.mjs';

const fence = (lines) => `\`\`\`ts\n${lines.join('\n')}\n\`\`\``;
const joined = (parts) => parts.filter((part) => part !== '' && part !== undefined).join('\n\n');
// One line, as an item of a list is.
const inline = (text) => text.trim().replace(/\s*\n\s*/g, ' ');
const isClass = (model) => model.kindOf(ReflectionKind.Class);
const isModule = (model) => model.kindOf(ReflectionKind.Module);
const isFunction = (model) => (model.signatures?.length ?? 0) > 0;
// The functions of impersonate/fs, and `operation`, are constants.
const isConstant = (model) =>
  model.kindOf(ReflectionKind.Variable) && ['constants', 'default'].includes(model.name);
const isCallable = (model) =>
  model.kindOf(ReflectionKind.Function) || (model.kindOf(ReflectionKind.Variable) && !isConstant(model));
const isType = (model) => model.kindOf(ReflectionKind.Interface | ReflectionKind.TypeAlias);
const isShown = (model) => isClass(model) || isCallable(model) || isConstant(model) || isType(model);
const byName = (a, b) => (a.name.toLowerCase() < b.name.toLowerCase() ? -1 : 1);
/** The name that headings give to an object of a class. */
/** `token[Symbol.dispose]()` is a link to nothing in Markdown, unless its brackets are escaped. */
const asText = (name) => name.replace(/[[\]]/g, '\\$&');
const objectOf = ({ name }) => name[0].toLowerCase() + name.slice(1);

/** The sections of a page, in their order. */
const sections = [
  ['Classes', isClass],
  ['Functions', isCallable],
  ['Constants', isConstant],
  ['Types', isType],
];

/** The order of a class's members: constructor, static methods, methods, properties; its own before inherited ones. */
function orderOf(member) {
  if (member.kindOf(ReflectionKind.Constructor)) return 0;
  const kind = member.flags.isStatic ? 1 : isFunction(member) ? 3 : 5;
  return member.inheritedFrom ? kind + 1 : kind;
}

class ApiContext extends MarkdownThemeContext {
  get declarations() {
    return this.theme.declarations;
  }

  text(parts) {
    return this.helpers.getCommentParts(parts ?? []).trim();
  }

  summary(comment) {
    return this.text(comment?.summary);
  }

  tags(comment, name) {
    return (comment?.blockTags ?? [])
      .filter(({ tag }) => tag === name)
      .map(({ content }) => this.text(content));
  }

  throws(comment) {
    const thrown = this.tags(comment, '@throws').map((text) =>
      inline(text).replace(/^(\w*(?:Error|Exception)) /, '`$1`: '),
    );
    const [first = ''] = thrown;
    if (thrown.length < 2) return first && `**Throws** ${first}`;
    return `**Throws**\n\n${thrown.map((text) => `- ${text}`).join('\n')}`;
  }

  /** Returns a type as code, in which the names of the reference are links. */
  linked(type) {
    const targets = this.theme.targets;
    return type
      .split(/\b([A-Z]\w+)\b/)
      .map((part) => {
        const target = targets.get(part);
        if (part === '') return '';
        return target && target !== this.page.model ? `[\`${part}\`](${this.urlTo(target)})` : `\`${part}\``;
      })
      .join('')
      .replaceAll('``', '');
  }

  parameters(signature) {
    return (signature.parameters ?? [])
      .filter(({ name, comment }) => name !== 'this' && comment !== undefined)
      .map(({ name, comment }) => {
        const type = this.linked(this.declarations.parameterType(signature, name));
        return `- \`${name}\` (${type}): ${inline(this.summary(comment))}`;
      })
      .join('\n');
  }

  /** Returns the documentation of overloads, of which the first has the docstring. */
  signatures(head, signatures) {
    const { declarations } = this;
    const [{ comment }] = signatures;
    const count = ({ parameters }) => (parameters ?? []).filter((parameter) => parameter.comment).length;
    const longest = signatures.reduce((best, next) => (count(next) > count(best) ? next : best));
    const [returns = ''] = this.tags(comment, '@returns');
    const lines = signatures.flatMap((signature) => declarations.signatureLines(head, signature));
    return joined([
      fence([...lines, ...declarations.localAliases(signatures)]),
      this.summary(comment),
      this.parameters(longest),
      returns && `**Returns** ${inline(returns)}`,
      this.throws(comment),
      ...this.tags(comment, '@example'),
    ]);
  }

  accessor(head, model) {
    const { comment } = model.getSignature ?? model;
    const type = this.declarations.typeOf(model.getSignature ?? model);
    const isReadonly = model.kindOf(ReflectionKind.Accessor) ? !model.setSignature : model.flags.isReadonly;
    const optional = model.flags.isOptional ? '?' : '';
    return joined([
      fence([`${isReadonly ? 'readonly ' : ''}${head}${optional}: ${type}`]),
      this.summary(comment),
      this.throws(comment),
      ...this.tags(comment, '@example'),
    ]);
  }

  member(model, owner, level) {
    const marks = '#'.repeat(level);
    if (model.kindOf(ReflectionKind.Constructor)) {
      return joined([`${marks} new ${owner.name}()`, this.signatures(`new ${owner.name}`, model.signatures)]);
    }
    const object = model.flags.isStatic ? owner.name : objectOf(owner);
    const name = `${object}.${this.declarations.nameOf(model)}`.replace('.[', '[');
    const isMethod = isFunction(model);
    return joined([
      `${marks} ${asText(name)}${isMethod ? '()' : ''}`,
      isMethod ? this.signatures(name, model.signatures) : this.accessor(name, model),
    ]);
  }

  membersOf(model) {
    const { declarations } = this;
    return (model.children ?? []).filter((member) => {
      const isImplied = isFunction(member) && !declarations.has(member.signatures[0]);
      return !isImplied && declarations.nameOf(member) !== '[inspect.custom]';
    });
  }

  members(model, level) {
    return this.membersOf(model)
      .map((member, index) => [orderOf(member), index, member])
      .sort(([a, i], [b, j]) => a - b || i - j)
      .map(([, , member]) => this.member(member, model, level));
  }

  /** Returns the properties and methods of a type as a list. */
  properties(model) {
    return this.membersOf(model)
      .map((member) => {
        const { declarations } = this;
        const name = `${declarations.nameOf(member)}${member.flags.isOptional ? '?' : ''}`;
        const shown = isFunction(member) ? member.signatures[0] : (member.getSignature ?? member);
        const text = inline(this.summary(shown.comment ?? member.comment));
        if (name === '[promisify.custom]') return `- \`${name}\`: ${text}`;
        if (!isFunction(member)) return `- \`${name}\` (${this.linked(declarations.typeOf(shown))}): ${text}`;
        const lines = declarations.signatureLines(name, shown).map((line) => line.trim());
        return `- ${this.linked(lines.join(' ').replace('( ', '(').replace(', )', ')'))}: ${text}`;
      })
      .join('\n');
  }

  /** Returns the line about base classes that the reader knows or that have a page; not of our own internal ones. */
  bases(model) {
    const shown = (model.extendedTypes ?? []).filter(
      ({ reflection, package: from }) => reflection || from !== 'impersonate',
    );
    return shown.length === 0 ? '' : `Extends ${shown.map((type) => this.linked(String(type))).join(', ')}.`;
  }

  declaration(model, level) {
    const { declarations } = this;
    const heading = `${'#'.repeat(level)} ${model.name}${isCallable(model) ? '()' : ''}`;
    if (model.kindOf(ReflectionKind.Function))
      return joined([heading, this.signatures(model.name, model.signatures)]);
    const calls = (model.signatures ?? []).flatMap((signature) => declarations.signatureLines('', signature));
    const type = model.kindOf(ReflectionKind.Variable) ? declarations.typeOf(model) : '';
    const aliases = declarations.localAliases([model]);
    return joined([
      heading,
      model.kindOf(ReflectionKind.TypeAlias) ? fence([...declarations.aliasLines(model), ...aliases]) : '',
      type === '' || type.startsWith('typeof ') ? '' : fence([`${model.name}: ${type}`]),
      this.summary(model.comment ?? model.signatures?.[0]?.comment),
      this.bases(model),
      calls.length > 0 ? fence([...calls, ...aliases]) : '',
      isClass(model) ? '' : this.properties(model),
      this.throws(model.comment),
      ...this.tags(model.comment, '@example'),
      ...(isClass(model) ? this.members(model, level + 1) : []),
    ]);
  }

  link(model) {
    return `[${model.name}${isCallable(model) ? '()' : ''}](${this.urlTo(model)})`;
  }

  pageText(model) {
    const { router } = this;
    const withPages = isModule(model) ? model.children.filter((child) => router.hasOwnDocument(child)) : [];
    const groups = sections
      .map(([title, isIn]) => [title, [...router.childrenOn(model), ...withPages].filter(isIn).sort(byName)])
      .filter(([, models]) => models.length > 0);
    const contents = groups.map(
      ([title, models]) => `**${title}**: ${models.map((child) => this.link(child)).join(', ')}`,
    );
    const body = groups.flatMap(([title, models]) => {
      const shown = models.filter((child) => !router.hasOwnDocument(child));
      return shown.length === 0 ? [] : [`## ${title}`, ...shown.map((child) => this.declaration(child, 3))];
    });
    if (!isModule(model)) return joined([this.classText(model, contents), ...body]);
    const { comment } = model;
    return joined([
      `# Module \`${moduleName(model)}\``,
      this.summary(comment),
      ...this.tags(comment, '@example'),
      ...contents,
      ...body,
    ]);
  }

  classText(model, contents) {
    const [heading, ...rest] = this.declaration(model, 1).split(/\n\n(?=## )/);
    const [start, text] = [
      heading.slice(0, heading.indexOf('\n')),
      heading.slice(heading.indexOf('\n')).trim(),
    ];
    const members = rest.map((part) => part.slice(3, part.indexOf('\n')));
    const links = members.map((member) => `[${member}](#${anchorOf(member)})`);
    return joined([
      start,
      `A class of [\`${moduleName(model.parent)}\`](${this.urlTo(model.parent)}).`,
      text,
      links.length > 0 ? `**Members**: ${links.join(', ')}` : '',
      ...contents,
      ...rest,
    ]);
  }
}

const moduleName = ({ name }) => (name === 'impersonate' ? name : `impersonate/${name}`);

/** Renders a page of the reference: headings for names, a line for each parameter and property, and the examples. */
export class ApiTheme extends MarkdownTheme {
  /** The exports by their names. */
  get targets() {
    return (this.names ??= new Map(
      this.router
        .getLinkTargets()
        .filter((target) => isShown(target))
        .map((target) => [target.name, target]),
    ));
  }

  getRenderContext(page) {
    return new ApiContext(this, page, this.application.options);
  }

  reflectionTemplate = (page) => this.getRenderContext(page).pageText(page.model);
}
