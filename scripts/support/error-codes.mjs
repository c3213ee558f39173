import { readFileSync } from 'node:fs';
import path from 'node:path';
import prettier from 'prettier';
import ts from 'typescript';
import { listFiles } from './files.mjs';
import { root } from './root.mjs';

const source = 'lib/internal/error-codes.ts';
export const page = 'docs/errors.md';

// Codes that the package passes on, or throws as node does.
const nodes =
  /^ERR_(?:FS_\w+|DIR_\w+|SCRIPT_\w+|WORKER_PATH|WORKER_OUT_OF_MEMORY|ACCESS_DENIED|DLOPEN_FAILED)$/;
const read = (file) => readFileSync(path.join(root, file), 'utf8');
const parse = (file, text) => ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
// Returns the text of the docstring right before a position. The bar of a union's member may be between.
function docBefore(text, position) {
  const [, comment] = /\/\*\*((?:(?!\*\/)[^])*)\*\/\s*\|?\s*$/.exec(text.slice(0, position)) ?? [];
  return (comment ?? '')
    .replace(/\n\s*\*/g, '')
    .replace(/\s+/g, ' ')
    .trim();
}

// Returns the union types of a source: the name and docstring of each type and of its members.
export function codeTypes(text) {
  const tree = parse(source, text);
  const unions = tree.statements.filter(ts.isTypeAliasDeclaration);
  return unions.map((union) => ({
    name: union.name.text,
    doc: docBefore(text, union.getStart(tree)),
    codes: union.type.types.map((member) => ({
      code: member.literal.text,
      doc: docBefore(text, member.getStart(tree)),
    })),
  }));
}

function* codesInScript(file, text) {
  const tree = parse(file, text);
  const left = [tree];
  for (let node = left.pop(); node !== undefined; node = left.pop()) {
    const isName = ts.isPropertyAssignment(node) && ts.isIdentifier(node.name);
    const found = ts.isStringLiteralLike(node) ? node.text : isName ? node.name.text : '';
    if (/^(?:ERR|IMPERSONATE)_[A-Z_]+$/.test(found)) {
      yield {
        code: found,
        at: `${file}:${tree.getLineAndCharacterOfPosition(node.getStart(tree)).line + 1}`,
      };
    }
    ts.forEachChild(node, (child) => void left.push(child));
  }
}

function* codesInNative(file, text) {
  for (const match of text.matchAll(/\bERR_[A-Z_]+\b/g)) {
    yield { code: match[0], at: `${file}:${text.slice(0, match.index).split('\n').length}` };
  }
}

const settings = new Set(['IMPERSONATE_RESERVED_UID']);

// Returns the codes in sources that the types lack, and the codes of the types that no source uses. `sources` has the
// text of every file by its path.
export function codeProblems(types, sources) {
  const known = new Set(types.flatMap(({ codes }) => codes.map(({ code }) => code)));
  const used = new Set();
  const problems = [];
  for (const [file, text] of sources) {
    for (const { code, at } of (file.startsWith('native/') ? codesInNative : codesInScript)(file, text)) {
      used.add(code);
      if (known.has(code) || nodes.test(code) || settings.has(code)) continue;
      problems.push(`${at}: ${code} is not in ${source}`);
    }
  }
  const unused = [...known].filter((code) => !used.has(code));
  const bare = types.flatMap(({ codes }) => codes.filter(({ doc }) => doc === ''));
  return [
    ...problems,
    ...unused.map((code) => `${source}: nothing has the code ${code}`),
    ...bare.map(({ code }) => `${source}: ${code} has no docstring`),
  ];
}

const titles = {
  ImpersonationErrorCode: 'Errors',
  ArgumentErrorCode: 'Wrong arguments',
  ImpersonationWarningCode: 'Warnings',
};

const intro = `# Error codes

Every \`ImpersonationError\` has a \`code\`; an error of the system has \`errno\` and \`syscall\` too. The code of a system error is the name
that the system gives it: a Win32 error such as \`ERROR_ACCESS_DENIED\`, an SSPI status such as \`SEC_E_LOGON_DENIED\`, an errno such as
\`EPERM\`, or a result of PAM such as \`PAM_AUTH_ERR\`. Errors of file system functions are Node's own, with Node's codes. The codes below
are the package's own.

\`\`\`js
import { ImpersonationError, Token } from 'impersonate';

try {
  Token.claim('unknown');
} catch (error) {
  if (!(error instanceof ImpersonationError)) throw error;
  console.log(error.code); // Prints: ERR_TICKET_INVALID
}
\`\`\``;

// Returns the text of the page of all codes.
export async function errorPage(types) {
  const sections = types.map(({ name, doc, codes }) => {
    const rows = codes.map(({ code, doc: text }) => `| \`${code}\` | ${text.replaceAll('|', '\\|')} |`);
    return `## ${titles[name]}\n\n${doc}\n\n| Code | Meaning and remedy |\n| --- | --- |\n${rows.join('\n')}\n`;
  });
  const options = await prettier.resolveConfig(path.join(root, page));
  return prettier.format([intro, ...sections].join('\n\n'), { ...options, parser: 'markdown' });
}

// Returns the problems of the project's codes and of their page; '' if none.
export async function checkErrorCodes() {
  const types = codeTypes(read(source));
  const files = [...listFiles('lib', /\.m?ts$/), ...listFiles('native', /\.(?:h|cpp)$/)];
  const sources = new Map(files.filter((file) => file !== source).map((file) => [file, read(file)]));
  const isCurrent = listFiles('docs', /^errors\.md$/).length > 0 && read(page) === (await errorPage(types));
  return [
    ...codeProblems(types, sources),
    ...(isCurrent ? [] : [`${page} is not current: node scripts/docs.mjs`]),
  ];
}

export const makeErrorPage = () => errorPage(codeTypes(read(source)));
