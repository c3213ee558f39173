import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import ts from 'typescript';
import { runProgram, runSource } from '../support/children/child';
import { productModule, root } from '../support/paths';
import { describeSwitching } from '../support/world/acting';
import { world } from '../support/world/world';

interface Example {
  readonly file: string;
  readonly language: 'js' | 'ts';
  readonly source: string;
}

/** Lists of what was run elsewhere, without code. */
const lists = ['node-tests.md', 'packages.md'];
const pages = readdirSync(join(root, 'docs')).filter((name) => !lists.includes(name));
const files = ['README.md', ...pages.map((name) => join('docs', name))];
const examples = files.flatMap((file) => {
  const text = readFileSync(join(root, file), 'utf8').replaceAll('\r\n', '\n');
  return [...text.matchAll(/^```(js|ts)\n([^]*?)^```$/gm)].map(
    ([, language, source]) => ({ file, language, source }) as Example,
  );
});

const productFile = (name: string): string =>
  JSON.stringify(pathToFileURL(join(dirname(productModule), name)).href);

const isWindows = process.platform === 'win32';
/** Under Wine the test's authority has the account, in a domain of its own. */
const accountName = isWindows ? `${world.alice.name}@SEAM` : world.alice.name;
const authority = ['--require', require.resolve('../support/world/world')];

/** Returns what loads the authority, for an example that asks for the user by name on Windows. */
function execArgvOf({ source }: Example): string[] {
  const isNeeded = isWindows && source.includes("runAs('alice'");
  return isNeeded ? ['--disable-warning=IMPERSONATE_LOADED_LATE', ...authority] : [];
}

/** Returns the example with this package, a user that exists, and as JavaScript. */
function runnable({ language, source }: Example): string {
  const here = source
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

  test.each(examples.map((example) => [example.file, example] as const))(
    'run, of %s',
    async (_file, example) => {
      const { code, stdout, stderr } = await runSource(
        runnable(example),
        { execArgv: execArgvOf(example) },
        'module',
      );
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).toContain('true');
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
