import { readFileSync } from 'node:fs';
import path from 'node:path';
import prettier from 'prettier';
import ts from 'typescript';
import { listFiles } from './files.mjs';
import { root } from './root.mjs';

const source = 'lib/routing/builtins.ts';
export const page = 'docs/routing.md';

const intro = `# Built-in modules in flows and scopes

In a flow or scope each built-in of Node.js that touches what the kernel protects acts as the user or throws.
[\`withoutToken()\`](register.md) is the one way to act as the process. This page lists the exports of every built-in module, and of
\`process\`, in Node.js 20 to 26:

- **As the user**: the system call is made with the user's token.
- **Refused**: throws \`ERR_NOT_ROUTED\`, or the code in the remarks. The message names what to use instead.
- **Of the service**: belongs to the code that registered it, or to the whole process, such as module loads and handlers of the
  process's events. It runs in the flow that it was registered in, or as the process.
- Every other export needs no identity.

The same holds in an \`ImpersonatedWorker\`. [Sealing](register.md) refuses what is listed here as routed or refused outside of
flows, too.

\`\`\`js
import { runAs, withoutToken } from 'impersonate';

await runAs('alice', () => {
  try {
    process.chdir('/srv/portal');
  } catch (error) {
    console.log(error.code); // Prints: ERR_NOT_ROUTED
  }
  withoutToken(() => process.chdir('/srv/portal'));
});
\`\`\``;

/** Returns the table of lib/routing/builtins.ts. */
async function table() {
  const { outputText } = ts.transpileModule(readFileSync(path.join(root, source), 'utf8'), {
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
  });
  const { builtins } = await import(`data:text/javascript,${encodeURIComponent(outputText)}`);
  return Object.entries(builtins);
}

const code = (name) => `\`${name}\``;
const isHarmless = ({ harmless, remarks }) => harmless === '*' && remarks === undefined;
const names = (text) => (text === '*' ? 'all' : (text ?? '').split(' ').filter(Boolean).map(code).join(', '));
const remarksOf = ({ remarks = {} }) =>
  Object.entries(remarks)
    .map(([name, remark]) => (name === '*' ? remark : `${code(name)}: ${remark}`))
    .join('; ');
const moduleName = (name) => (name === 'process' || name.startsWith('node:') ? name : `node:${name}`);

function row([name, exports]) {
  const { routed, refused, bound } = exports;
  return `| ${[code(moduleName(name)), ...[routed, refused, bound].map(names), remarksOf(exports)].join(' | ')} |`;
}

/** Returns the text of the page. */
export async function makeRoutingPage() {
  const entries = await table();
  const rows = entries.filter(([, exports]) => !isHarmless(exports)).map(row);
  const rest = entries.filter(([, exports]) => isHarmless(exports)).map(([name]) => code(moduleName(name)));
  const text = [
    intro,
    [
      '| Module | As the user | Refused | Of the service | Remarks |',
      '| --- | --- | --- | --- | --- |',
      ...rows,
    ].join('\n'),
    `No export of these modules needs an identity: ${rest.join(', ')}.`,
  ].join('\n\n');
  const options = await prettier.resolveConfig(path.join(root, page));
  return prettier.format(text, { ...options, parser: 'markdown' });
}

/** Returns a problem if the page is not what the table gives. */
export async function checkRoutingPage() {
  const found =
    listFiles('docs', /^routing\.md$/).length > 0 ? readFileSync(path.join(root, page), 'utf8') : '';
  return found === (await makeRoutingPage()) ? [] : [`${page} is not current: node scripts/docs.mjs`];
}
