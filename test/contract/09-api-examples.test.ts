import { runProgram } from '../support/children/child';
import { statedNames, typeErrorsOf, writeExamples } from '../support/api-examples/compile';
import { apiExamples } from '../support/api-examples/extract';
import { tempFolder } from '../support/folders';
import { join } from 'node:path';
import { writeFileSync } from 'node:fs';
import { cert } from '../support/network/certificate';
import { describeSwitching } from '../support/world/acting';

const isWindows = process.platform === 'win32';
const names = statedNames();
const examples = apiExamples(names);

/** Examples that are type-checked and not run, with the reason. */
const unrun = new Map<string, string>(
  [
    [
      'a KDC',
      'negotiate/client.ts tickets',
      'token/kerberos-tickets.ts Tickets',
      'token/kerberos-tickets.ts close',
    ],
    ['IIS', 'token/token.ts fromIisRequest'],
  ].flatMap(([reason = '', ...ids]) => ids.map((id) => [id, reason] as const)),
);

/** Examples of one system, as their docstrings say; and Wine does not find the symbolic link of `readlink`. */
const elsewhere = new Set(
  isWindows
    ? ['token/token.ts forIds', 'fs.ts readlink']
    : [
        'process/com-security.ts initializeComSecurity',
        'token/privileges.ts enablePrivileges',
        'token/programs.ts spawnWithLogon',
        'token/token.ts fromHandle',
        'token/token.ts linked',
      ],
);

const here = examples.filter(({ id }) => !unrun.has(id) && !elsewhere.has(id));
/** Those after which nothing else can be run. */
const alone = here.filter(({ source }) => /\b(?:seal|dropPrivileges)\(/.test(source));
/** Those that change the process, which are run after the others. */
const last = here.filter(({ source }) =>
  /\b(?:configurePool|setStrictHandles|initializeComSecurity)\(|Token\.limit = /.test(source),
);
const first = here.filter((example) => !alone.includes(example) && !last.includes(example));

let folder: string;
beforeAll(() => {
  folder = tempFolder('api-examples');
  writeExamples(examples, folder);
  writeFileSync(join(folder, 'ca.pem'), cert);
});

/** Runs examples in one process, and resolves to the ids of those that fail, with the reasons. */
async function failuresOf(ids: readonly string[]): Promise<string[]> {
  const { code, stdout, stderr } = await runProgram(require.resolve('../support/api-examples/run'), {
    execArgv: ['--no-warnings', '--require', require.resolve('../support/world/routed')],
    args: [folder, ...ids],
    env: { NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem') },
  });
  const lines = stdout.split(/\r?\n/);
  const failed = ids.filter((id) => !lines.includes(`ran ${id}`));
  if (code === 0 && failed.length === 0) return [];
  const last = lines.findLast((line) => line.startsWith('run '));
  const reasons = lines.filter((line) => !/^ra?u?n /.test(line)).join('\n');
  return [...failed, `exit code ${String(code)} after: ${String(last)}`, reasons, stderr];
}

test('the examples of docstrings have names of their own', () => {
  const ids = examples.map(({ id }) => id);
  expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
  for (const id of [...unrun.keys(), ...elsewhere]) expect(ids).toContain(id);
});

// Types are the same on both systems.
if (!isWindows) {
  test('the examples of docstrings are type-checked', () => {
    expect(typeErrorsOf(examples)).toEqual([]);
  });
}

describeSwitching('the examples of docstrings', () => {
  test('run', async () => {
    expect(await failuresOf([...first, ...last].map(({ id }) => id))).toEqual([]);
  });

  test.each(alone.map(({ id }) => id))('run, in a process of its own: %s', async (id) => {
    expect(await failuresOf([id])).toEqual([]);
  });
});
