import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import ts from 'typescript';
import { runProgram, runSource } from '../support/children/child';
import { product, productModule, root } from '../support/paths';
import { describeSwitching } from '../support/world/acting';
import { world } from '../support/world/world';

interface Example {
  readonly file: string;
  readonly language: 'js' | 'ts';
  readonly source: string;
  /** The heading above it. */
  readonly heading: string;
}

/** Pages without code that runs by itself, besides those of docs/start: see 05-start-pages.test.ts. */
const lists = [
  'architecture',
  'delegation',
  'migrating',
  'node-tests',
  'packages',
  'troubleshooting',
  'verification',
].map((name) => `${name}.md`);
const pages = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.md') && !lists.includes(name) && !name.startsWith('start'))
  .sort();
const files = ['README.md', ...pages.map((name) => join('docs', name))];
const examples = files.flatMap((file) => {
  const text = readFileSync(join(root, file), 'utf8').replaceAll('\r\n', '\n');
  return [...text.matchAll(/^```(js|ts)\n([^]*?)^```$/gm)].map(({ 1: language, 2: source, index }) => {
    const heading = /^#+ (.*)$/m.exec(text.slice(text.lastIndexOf('\n#', index)))?.[1];
    return { file, language, source, heading } as Example;
  });
});
/** The first successes are each for one system. */
const other = `First success on ${process.platform === 'win32' ? 'Linux' : 'Windows'}`;
const examplesHere = examples.filter(({ heading }) => heading !== other);

const productFile = (name: string): string =>
  JSON.stringify(pathToFileURL(join(dirname(productModule), name)).href);

const isWindows = process.platform === 'win32';
/** Under Wine the test's authority has the account, in a domain of its own. */
const accountName = isWindows ? `${world.alice.name}@SEAM` : world.alice.name;
const authority = ['--require', require.resolve('../support/world/world')];
const windowsFolder = ['--require', require.resolve('../support/world/windows-folder')];
const isCommonJs = ({ source }: Example): boolean => source.includes("require('impersonate')");

/** Returns what loads the authority, for an example that needs a user by name or the access list of a folder on Windows. */
function execArgvOf({ source }: Example): string[] {
  const loaded = [
    ...(source.includes("runAs('alice'") ? authority : []),
    ...(source.includes("'C:/Windows'") ? windowsFolder : []),
  ];
  return isWindows && loaded.length > 0 ? ['--disable-warning=IMPERSONATE_LOADED_LATE', ...loaded] : [];
}

/** The lines that the comments of the example promise. */
const printsOf = ({ source }: Example): string[] =>
  [...source.matchAll(/ \/\/ Prints: (.*)$/gm)].map(([, line = '']) => line);

/** Returns the example with this package, a user that exists, and as JavaScript. */
function runnable({ language, source }: Example): string {
  const here = source
    .replaceAll("require('impersonate')", `require(${JSON.stringify(product)})`)
    .replaceAll("'impersonate'", productFile('index.mjs'))
    .replace(/'impersonate\/(\w+)'/g, (_whole, name: string) => productFile(`${name}.mjs`))
    .replaceAll("'alice'", JSON.stringify(accountName));
  if (language === 'js') return here;
  const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 };
  return ts.transpileModule(here, { compilerOptions }).outputText;
}

describeSwitching('the examples of the README and the documentation', () => {
  test('exist in every document', () => {
    expect([...new Set(examples.map(({ file }) => file))]).toEqual(files);
  });

  test.each(examplesHere.map((example) => [example.file, example] as const))(
    'run, of %s',
    async (_file, example) => {
      const { code, stdout, stderr } = await runSource(
        runnable(example),
        { execArgv: execArgvOf(example) },
        isCommonJs(example) ? 'bare' : 'module',
      );
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      const prints = printsOf(example);
      if (prints.length > 0) expect(stdout.trim().split(/\r?\n/)).toEqual(prints);
      else expect(stdout).toContain('true');
      expect(stdout).not.toContain('false');
    },
  );
});

test('require and import of the package give the same classes', async () => {
  const { code, stdout } = await runProgram(join(__dirname, 'programs', 'both-modules.js'));
  expect({ code, stdout }).toEqual({
    code: 0,
    stdout: 'the same\n',
  });
});
