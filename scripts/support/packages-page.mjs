import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import prettier from 'prettier';
import { root } from './root.mjs';

export const packagesPage = 'docs/packages.md';

const folder = path.join(root, 'test', 'packages');

const intro = `# Other people's packages in flows

What \`npm run test:packages\` has run on Linux, in Node.js 22, as two users at once: 200 calls each, in turns for the user's own files,
for the other user's, and for the service's. The kernel decides. A package is

- **right** if the user's own calls succeeded, those for other files were denied, and every file that was made is the user's; a logger if
  every line is in a file of the service; a package that puts off work if each piece of it ran in the flow that handed it in;
- **refused** if calls in a flow throw, with the code in brackets;
- **acts as the process** if native code, or a worker or program of its own, opens the files. Code in the process or in another thread
  that does not use \`node:fs\` cannot be routed or refused: never give it a path that a user has chosen. Call it in
  [\`withoutToken()\`](flows.md) for what is the service's own, open files in the flow and hand over the bytes, or use an
  [\`ImpersonatedWorker\`](workers.md), on whose thread synchronous native code is the user too;
- **shares a cache** if it keeps files by their paths and gives them to the next user: use it for files that everyone may get;
- **not run** if it has no binary for this system.

A package that gives a user the file of another is **wrong**, and the test fails. There is none in this list: [flows](flows.md) says which
packages are changed when they are loaded, and which caches are not used in flows.`;

const defaults = {
  'acts as the process': 'use `withoutToken()`, or read the file in the flow and hand over the bytes',
};

/** Returns the rows of the page: versions of a package with the same result are one. */
function rowsOf(results) {
  const rows = new Map();
  for (const { name, exact, did, result, advice = defaults[result] ?? '' } of results) {
    const key = JSON.stringify([name, result]);
    const row = rows.get(key) ?? { name, versions: [], did, result, advice };
    if (!row.versions.includes(exact)) row.versions.push(exact);
    rows.set(key, row);
  }
  const versionOrder = new Intl.Collator('en', { numeric: true }).compare;
  return [...rows.values()]
    .sort((one, other) => (one.name < other.name ? -1 : 1))
    .map(({ name, versions, did, result, advice }) =>
      [`\`${name}\``, versions.sort(versionOrder).join(', '), did, result, advice].join(' | '),
    );
}

/** Returns the results of the packages that put off work: the test fails unless they are right. */
function deferringResults() {
  const kinds = createRequire(import.meta.url)(path.join(folder, 'deferring.cjs'));
  return Object.values(kinds).flatMap(({ packages }) =>
    packages.map((installed) => {
      // A module of a package may have a path of its own.
      const [, top] = /^((?:@[^/]+\/)?[^/]+)/.exec(installed);
      const manifest = path.join(folder, 'node_modules', top, 'package.json');
      const { name, version } = JSON.parse(readFileSync(manifest, 'utf8'));
      return {
        name,
        exact: version,
        did: 'hands in work, in every way that the package has',
        result: 'right',
      };
    }),
  );
}

/** Returns the text of the page for the results of test/packages/run-all.mjs. */
export async function makePackagesPage(results) {
  const head = ['Package', 'Versions', 'What was done', 'Result', 'What to do'].join(' | ');
  const table = [head, '--- | --- | --- | --- | ---', ...rowsOf([...results, ...deferringResults()])]
    .map((row) => `| ${row} |`)
    .join('\n');
  return prettier.format(`${intro}\n\n${table}\n`, { parser: 'markdown' });
}
