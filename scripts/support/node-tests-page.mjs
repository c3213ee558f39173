import { readFileSync } from 'node:fs';
import path from 'node:path';
import prettier from 'prettier';
import { knownDifferences } from '../node-tests/differences.mjs';
import { listFiles } from './files.mjs';
import { root } from './root.mjs';

export const page = 'docs/node-tests.md';

const intro = `# Node's own tests as a user

\`npm run test:node\` runs Node's tests of \`node:fs\` and \`node:child_process\` (\`test/parallel/test-fs-*\`, \`test-child-process-*\`) of
Node.js 20 and 22 several times:

- by a process of the user, without this package: the others are compared with it;
- in a flow: \`token.run()\` calls the main module, in a process of root;
- by methods, only the tests of \`node:child_process\`: the same, with \`token.spawn()\` and the other methods in the place of Node's functions;
- in a scope: \`token.runSync()\` calls it. Later callbacks act as the process. An ES module is not run in a scope, because it would run
  when the scope is over.

The tests are from Debian's source package of Node.js, which the script downloads. \`process.chdir()\` and \`process.umask()\`, which act on the
whole process, are called in [\`withoutToken()\`](register.md), as their errors advise.

Programs that the tests of \`node:child_process\` start in a flow or scope are [the user's](processes.md). Those of the tests of \`node:fs\` are
the process's, started in \`withoutToken()\`, and run the same way in a flow or scope of their own.

The files below fail in a flow or scope, for the reason given, and pass as a process of the user. The script fails if any other file does, or
if one of these does not.`;

const where = { flow: 'flow', token: 'methods', sync: 'scope' };
const code = (name) => `\`${name}\``;

function row({ reason, files, in: modes, node }) {
  const places = modes.map((mode) => where[mode]).join(', ') + (node ? ` (Node.js ${node.join(', ')})` : '');
  return `| ${reason} | ${places} | ${files.map(code).join(' ')} |`;
}

/** Returns the text of the page. */
export async function makeNodeTestsPage() {
  const rows = knownDifferences().map(row);
  const text = `${intro}\n\n${['| Reason | Where | Files |', '| --- | --- | --- |', ...rows].join('\n')}\n`;
  const options = await prettier.resolveConfig(path.join(root, page));
  return prettier.format(text, { ...options, parser: 'markdown' });
}

/** Returns a problem if the page is not what the list gives. */
export async function checkNodeTestsPage() {
  const found =
    listFiles('docs', /^node-tests\.md$/).length > 0 ? readFileSync(path.join(root, page), 'utf8') : '';
  return found === (await makeNodeTestsPage()) ? [] : [`${page} is not current: node scripts/docs.mjs`];
}
