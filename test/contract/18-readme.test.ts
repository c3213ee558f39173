import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import ts from 'typescript';
import { runProgram, runSource } from '../support/child';
import { productModule, root } from '../support/paths';
import { describeSwitching } from '../support/switching';
import { world } from '../support/world';

interface Example {
  readonly language: 'js' | 'ts';
  readonly source: string;
}

const readme = readFileSync(join(root, 'README.md'), 'utf8').replaceAll('\r\n', '\n');
const examples = [...readme.matchAll(/^```(js|ts)\n([^]*?)^```$/gm)].map(
  ([, language, source]) => ({ language, source }) as Example,
);

/** The example as this machine can run it: this package, a user that exists, JavaScript. */
function runnable({ language, source }: Example): string {
  const here = source
    .replaceAll("'impersonate'", JSON.stringify(pathToFileURL(productModule).href))
    .replaceAll("'alice'", JSON.stringify(world.alice.name));
  if (language === 'js') return here;
  const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 };
  return ts.transpileModule(here, { compilerOptions }).outputText;
}

describeSwitching('the examples of the README', () => {
  test('are there', () => {
    expect(examples.map(({ language }) => language)).toEqual(['js', 'ts']);
  });

  test.each(examples.map((example, index) => [index + 1, example] as const))(
    'example %i runs',
    async (_n, example) => {
      const { code, stdout, stderr } = await runSource(runnable(example), {}, 'module');
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).toContain('true');
    },
  );
});

test('require and import of the package give the same classes', async () => {
  const { code, stdout } = await runProgram(join(__dirname, 'programs', 'both-modules.js'));
  expect({ code, stdout }).toEqual({
    code: 0,
    stdout: 'ImpersonationError,Impersonation,Token,lookupAccount\n',
  });
});
