import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { ProgramOptions, Token } from 'impersonate';
import { linesOf } from '../support/children/child';
import { until } from '../support/children/progress';
import { programFile, whoAmI } from '../support/children/programs';
import { caught } from '../support/errors';
import { product } from '../support/paths';
import { isRunning } from '../support/win32/programs';
import { seam } from '../support/win32/seam';
import { expectActingAsService } from '../support/world/acting';
import { world } from '../support/world/win32';

const addon = 'impersonate.node';
const node = process.execPath;
const seamModule = JSON.stringify(require.resolve('../support/win32/seam'));
const endless = programFile('setInterval(() => {}, 1e6);');
let alice: Token;

beforeAll(async () => {
  seam().patchPrograms(addon);
  alice = await world.alice.token();
});
beforeEach(() => {
  seam().takeProgramCalls();
});
afterEach(() => {
  seam().clearFaults();
  expectActingAsService();
});
afterAll(() => {
  alice.close();
});

/** Starts a program that starts another one which leaves its job, and prints its number, or why it cannot. */
const leaving = (options: ProgramOptions): ChildProcess => {
  const source = programFile(`const { seam } = require(${seamModule});
    try { console.log(seam().startOutsideOfJob('"' + process.execPath + '" ' + ${JSON.stringify(endless)})); }
    catch ({ errno }) { console.log(-errno); }
    setInterval(() => {}, 1e6);`);
  return alice.spawn(node, [source], options);
};

describe('an option of a program', () => {
  test('breakaway: what leaves the job goes on when the tree is ended; without it nothing leaves', async () => {
    const started = async (options: ProgramOptions): Promise<[number, ChildProcess]> => {
      const child = leaving(options);
      const [text] = (await once(child.stdout ?? child, 'data')) as [Buffer];
      return [Number(String(text)), child];
    };
    const [pid, child] = await started({ tree: true, breakaway: true });
    child.kill('SIGKILL');
    expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
    expect(isRunning(pid)).toBe(true);
    process.kill(pid);
    const [refused, other] = await started({ tree: true });
    expect(refused).toBe(-5);
    other.kill('SIGKILL');
    await once(other, 'exit');
  });

  test('tree: without it, what a program has started goes on after it, and is in no job that ends with the process', async () => {
    const source =
      programFile(`const child = require('node:child_process').spawn(process.execPath, [${JSON.stringify(endless)}], { stdio: 'ignore', detached: true });
      console.log(child.pid); child.unref();`);
    const [pid] = await linesOf(`
      const alice = await world.alice.token();
      print(alice.spawnSync(process.execPath, [${JSON.stringify(source)}], { encoding: 'utf8' }).stdout.trim());`);
    expect(isRunning(Number(pid))).toBe(true);
    process.kill(Number(pid));
    await until(() => !isRunning(Number(pid)));
  });

  test('desktop and windowsHide are the program’s, in each function', async () => {
    const options = { desktop: 'WinSta0\\Default', windowsHide: true };
    await once(alice.spawn('whoami', [], { ...options, stdio: 'ignore' }), 'exit');
    alice.spawnSync('whoami', [], options);
    const seen = seam()
      .takeProgramCalls()
      .map(({ desktop, showWindow }) => ({ desktop, showWindow }));
    const wanted = { desktop: options.desktop, showWindow: 0 };
    expect(seen).toEqual([wanted, wanted]);
  });

  test('profile: the profile is loaded until the program has ended, also if it is killed', async () => {
    for (const name of ['LoadUserProfileW', 'UnloadUserProfile'])
      seam().failImport(addon, name, { error: 0, times: 0, late: true });
    const calls = (): number[] =>
      ['LoadUserProfileW', 'UnloadUserProfile'].map((name) => seam().importCalls(addon, name));
    const child = alice.spawn(node, [endless], { profile: true, stdio: 'ignore' });
    expect(calls()).toEqual([1, 0]);
    child.kill();
    await once(child, 'exit');
    expect(calls()).toEqual([1, 1]);
    alice.spawnSync('whoami', [], { profile: true });
    expect(calls()).toEqual([2, 2]);
  });

  test.each<[string, ProgramOptions]>([
    ['limits', { limits: { nproc: 1 } }],
    ['noNewPrivileges', { noNewPrivileges: true }],
  ])('%s, which Linux has, starts nothing', (name, options) => {
    const error = {
      code: 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM',
      message: `options.${name} is available on Linux only`,
    };
    expect(caught(() => alice.spawn('whoami', [], options))).toMatchObject(error);
    expect(caught(() => alice.spawnSync('whoami', [], options))).toMatchObject(error);
    expect(seam().takeProgramCalls()).toEqual([]);
  });
});

test('programs of two users that several threads start at a time have the right user each', async () => {
  const who = programFile(`console.log(${whoAmI});`);
  const lines = await linesOf(`
    const { Worker } = require('node:worker_threads');
    const tokens = [await world.alice.token(), await world.bob.token()];
    const ids = [world.alice.id, world.bob.id];
    const source = \`const { parentPort, workerData: { tickets, ids, product, who } } = require('node:worker_threads');
      const tokens = tickets.map((ticket) => require(product).Token.claim(ticket));
      const wrong = [];
      for (let i = 0; i < 12; i += 1) {
        const { stdout } = tokens[i % 2].spawnSync(process.execPath, [who], { encoding: 'utf8' });
        if (stdout.trim() !== ids[i % 2]) wrong.push(stdout);
      }
      for (const token of tokens) token.close();
      parentPort.postMessage(wrong);\`;
    const wrong = await Promise.all([1, 2, 3].map(() => {
      const workerData = { tickets: tokens.map((token) => token.share()), ids, product: ${JSON.stringify(product)}, who: ${JSON.stringify(who)} };
      return new Promise((resolve, reject) => new Worker(source, { eval: true, workerData }).once('message', resolve).once('error', reject));
    }));
    print(JSON.stringify(wrong));`);
  expect(lines).toEqual(['[[],[],[]]']);
});
