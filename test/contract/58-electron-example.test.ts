import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, readFileSync, readdirSync, writeFileSync, chmodSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { runProgram } from '../support/children/child';
import { prepared } from '../support/children/examples';
import { isWindows, newAddress, setPrivs } from '../support/network/peers';
import { tempFolder } from '../support/folders';
import { productModule, root } from '../support/paths';
import { describeSwitching } from '../support/world/acting';
import { type Identity, world } from '../support/world/world';

const denied = isWindows ? 'EPERM' : 'EACCES';
/** A copy of the example, in which `impersonate` is this package and `electron` stands in for Electron. */
let app: string;
let address: string;
let store: string;
let documents: string;
let helper: ChildProcess;

function writeModule(
  folder: string,
  name: string,
  exports: Record<string, string>,
  files: Record<string, string>,
): void {
  const path = join(folder, 'node_modules', name);
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, 'package.json'), JSON.stringify({ name, exports }));
  for (const [file, source] of Object.entries(files)) writeFileSync(join(path, file), source);
}

/** Calls what the window may call, and prints the results. The dialog returns the paths of the environment, in turn. */
const electron = `
  const handlers = new Map();
  const paths = JSON.parse(process.env.TEST_PATHS);
  const resultOf = async (name) => {
    try { return JSON.stringify(await handlers.get(name)()); } catch (error) { return error.code ?? error.message; }
  };
  export const ipcMain = { handle: (name, handler) => handlers.set(name, handler) };
  export const dialog = {
    showOpenDialog: async () => ({ filePaths: paths.splice(0, 1) }),
  };
  export class BrowserWindow {
    constructor({ webPreferences: { sandbox, contextIsolation, nodeIntegration = false } }) {
      console.log(JSON.stringify({ sandbox, contextIsolation, nodeIntegration }));
    }
    async loadFile(file) {
      console.log(await resultOf('whoami'));
      for (const path of [...paths]) console.log(await resultOf('import'));
      console.log(await resultOf('import'));
      console.log(await resultOf('list'));
    }
  }
  export const app = { whenReady: () => new Promise((resolve) => setImmediate(resolve)), on: () => app, quit: () => {} };`;

async function install(): Promise<void> {
  app = tempFolder('app');
  chmodSync(app, 0o755);
  cpSync(join(root, 'examples', 'electron'), app, { recursive: true });
  const url = (name: string): string => pathToFileURL(join(productModule, '..', `${name}.mjs`)).href;
  const exported = (name: string): string => `export * from '${url(name)}';`;
  writeModule(
    app,
    'impersonate',
    { '.': './index.mjs', './register': './register.mjs' },
    {
      'index.mjs': exported('index'),
      'register.mjs': exported('register'),
    },
  );
  writeModule(app, 'electron', { '.': './index.mjs' }, { 'index.mjs': electron });

  address = newAddress();
  store = tempFolder('store');
  documents = tempFolder('documents');
  for (const folder of [store, documents]) chmodSync(folder, 0o755);
  const own: string[] = [];
  for (const name of ['alice', 'bob', 'service'] as const) {
    const file = join(documents, name);
    writeFileSync(file, `of ${name}`);
    if (!isWindows) world.own(file, name === 'service' ? name : world[name]);
    own.push(`world.own(${JSON.stringify(file)}, ${name === 'service' ? "'service'" : `world.${name}`});`);
  }
  const args = [
    ...prepared(own.join('\n')),
    '--import',
    'impersonate/register',
    'helper.mjs',
    address,
    store,
  ];
  helper = spawn(process.execPath, args, {
    cwd: join(app, 'helper'),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(createInterface(helper.stdout as never), 'line')) as [string];
  expect(line).toBe('listening');
}

/** Runs the main process as the user; the user chooses these files. */
async function main(who: Identity, paths: string[], owner = world.serviceId): Promise<string[]> {
  const become = `require(${JSON.stringify(require.resolve('../support/win32/seam'))}).seam().setProcessToken(world.${who.key}.mint({ type: 'primary' }));`;
  const { code, stdout, stderr } = await runProgram(join(app, 'main.mjs'), {
    execArgv: prepared(become),
    env: { EXAMPLE_HELPER: address, EXAMPLE_HELPER_USER: owner, TEST_PATHS: JSON.stringify(paths) },
    through: isWindows ? [] : setPrivs(who),
  });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout.split(/\r?\n/).filter(Boolean);
}

const preferences = '{"sandbox":true,"contextIsolation":true,"nodeIntegration":false}';

describeSwitching('examples/electron: an app and its privileged helper', () => {
  beforeAll(install);
  afterAll(async () => {
    helper.kill('SIGKILL');
    await once(helper, 'exit');
  });

  test.each([world.alice, world.bob])('imports only what its user may read: $key', async (who) => {
    const other = who.key === 'alice' ? 'bob' : 'alice';
    const paths = [who.key, other, 'service', 'none'].map((name) => join(documents, name));
    const name = `${who.id}-${who.key}`;
    const lines = await main(who, [...paths, documents, 'relative']);
    expect(lines).toEqual([
      preferences,
      JSON.stringify(who.name),
      JSON.stringify(name),
      denied,
      denied,
      'ENOENT',
      'BAD_FILE',
      'BAD_PATH',
      'null',
      expect.stringContaining(`"${name}"`),
    ]);
    expect(readFileSync(join(store, name), 'utf8')).toBe(`of ${who.key}`);
    expect(readdirSync(store).filter((file) => file.startsWith(who.id))).toEqual([name]);
  });

  test('sends nothing to a helper of another user', async () => {
    const lines = await main(world.alice, [join(documents, 'alice')], world.bob.id);
    expect(lines).toEqual([
      preferences,
      ...Array<string>(2).fill('ERR_UNEXPECTED_SERVER'),
      'null',
      'ERR_UNEXPECTED_SERVER',
    ]);
  });
});

test('is packaged with its native files beside the archive, and without ELECTRON_RUN_AS_NODE', () => {
  const { build, main: entry } = JSON.parse(
    readFileSync(join(root, 'examples', 'electron', 'package.json'), 'utf8'),
  ) as {
    main: string;
    build: {
      asarUnpack: string[];
      files: string[];
      electronFuses: Record<string, boolean>;
      nsis: Record<string, boolean>;
    };
  };
  expect(entry).toBe('main.mjs');
  expect(build.asarUnpack).toEqual(['**/*.node']);
  expect(build.electronFuses).toMatchObject({ runAsNode: false, onlyLoadAppFromAsar: true });
  expect(build.nsis.perMachine).toBe(true);
});
