import childProcess, { type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { Token, withoutToken } from 'impersonate';
import { linesOf } from '../support/children/child';
import { ended, isWindows, node, printed, programFile, whoAmI } from '../support/children/programs';
import { alice, bob, describeSwitching, expectActingAsService, freshTokens } from '../support/world/acting';
import { world } from '../support/world/world';

/** Prints its user. */
const who = programFile(`console.log(${whoAmI});`);
const command = `"${node}" "${who}"`;
const forked = programFile(`process.on('message', (text) => {
  process.send({ text, user: ${whoAmI} }, () => process.disconnect());
});`);

/** Node's functions, and those of a token that replace them. */
type Functions = Pick<
  typeof childProcess,
  'spawn' | 'exec' | 'execFile' | 'fork' | 'spawnSync' | 'execSync' | 'execFileSync'
>;
type Start = (functions: Functions) => unknown;

const trimmed = ({ stdout }: { readonly stdout: string }): string => stdout.trim();

async function answerOf(child: ChildProcess): Promise<unknown> {
  child.send('hello');
  const [answer] = (await once(child, 'message')) as [{ text: string; user: string }];
  expect(answer.text).toBe('hello');
  expect(await once(child, 'close')).toEqual([0, null]);
  return answer.user;
}

const inCallback = (start: (done: (error: Error | null, stdout: string) => void) => void): Promise<string> =>
  new Promise((resolve, reject) => {
    start((error, stdout) => {
      if (error) reject(error);
      else resolve(stdout.trim());
    });
  });

const waiting: [string, Start][] = [
  ['spawnSync', (use) => trimmed(use.spawnSync(node, [who], { encoding: 'utf8' }))],
  ['execSync', (use) => use.execSync(command, { encoding: 'utf8' }).trim()],
  ['execFileSync', (use) => use.execFileSync(node, [who], { encoding: 'utf8' }).trim()],
];
const all: [string, Start][] = [
  ['spawn', (use) => printed(use.spawn(node, [who]))],
  ['spawn with a shell', (use) => printed(use.spawn(command, { shell: true }))],
  ['exec', (use) => inCallback((done) => use.exec(command, done))],
  ['execFile', (use) => inCallback((done) => use.execFile(node, [who], done))],
  ['fork', (use) => answerOf(use.fork(forked, { execArgv: [] }))],
  ...waiting,
];

const tokenFunctions = (token: Token): Functions => {
  const names = ['spawn', 'exec', 'execFile', 'fork', 'spawnSync', 'execSync', 'execFileSync'] as const;
  return Object.fromEntries(
    names.map((name) => [name, (...args: never[]) => Reflect.apply(token[name], token, args) as unknown]),
  ) as unknown as Functions;
};

describeSwitching('a program that a token starts', () => {
  freshTokens();

  test.each(all)('%s runs as the user', async (_name, start) => {
    expect(await start(tokenFunctions(alice))).toBe(world.alice.id);
    expectActingAsService();
  });

  test.each(all)("%s runs as the token's user in another user's flow", async (_name, start) => {
    expect(await bob.run(() => start(tokenFunctions(alice)))).toBe(world.alice.id);
  });

  test.each(waiting)("%s runs as the token's user in another user's scope", (_name, start) => {
    expect(bob.runSync(() => start(tokenFunctions(alice)))).toBe(world.alice.id);
  });

  test('goes on when the token is closed', async () => {
    const child = alice.spawn(node, [who], { stdio: 'pipe' });
    alice.close();
    expect(await printed(child)).toBe(world.alice.id);
  });

  test('has the promises of util.promisify()', async () => {
    const exec = promisify(alice.exec);
    const running = promisify(alice.execFile)(node, [who]);
    expect(running.child).toBeInstanceOf(childProcess.ChildProcess);
    expect(trimmed(await running)).toBe(world.alice.id);
    expect(trimmed(await exec(command))).toBe(world.alice.id);
    await expect(exec('exit 3')).rejects.toMatchObject({ code: 3, stdout: '', cmd: 'exit 3' });
  });

  test('is a ChildProcess whose streams carry data both ways', async () => {
    const echo = programFile('process.stdin.pipe(process.stdout); process.stdin.pipe(process.stderr);');
    const child = alice.spawn(node, [echo]);
    expect(child).toBeInstanceOf(childProcess.ChildProcess);
    expect(typeof child.pid).toBe('number');
    const data = 'x'.repeat(300_000);
    child.stdin.end(data);
    expect(await ended(child)).toEqual({ code: 0, signal: null, stdout: data, stderr: data });
    expect(child).toMatchObject({ exitCode: 0, signalCode: null, killed: false });
  });

  test('reports how it ended', async () => {
    const child = alice.spawn(node, ['-e', 'process.exitCode = 7']);
    expect(await once(child, 'exit')).toEqual([7, null]);
    const endless = alice.spawn(node, ['-e', 'setInterval(() => {}, 1e6); console.log("ready")']);
    await once(endless.stdout, 'data');
    expect(endless.kill()).toBe(true);
    expect(await once(endless, 'close')).toEqual([null, 'SIGTERM']);
    expect(endless.kill()).toBe(false);
  });

  test('leaves nothing behind', async () => {
    const lines = await linesOf(
      `const { execFile } = require('node:child_process');
      const token = await world.alice.token();
      const children = [];
      for (let round = 0; round < 10; round += 1) {
        for (const start of [() => token.spawn('no-such-program'), () => token.run(() => execFile(process.execPath, ['-v']))]) {
          await new Promise((resolve) => {
            const child = start();
            children.push(new WeakRef(child));
            child.on('error', () => {}).once('close', resolve);
          });
        }
      }
      const left = () => children.filter((child) => child.deref() !== undefined).length;
      for (let round = 0; round < 100 && left() > 1; round += 1) {
        await new Promise((resolve) => { setTimeout(resolve, 10); });
        gc();
      }
      print(String(left() <= 1));`,
      { execArgv: ['--expose-gc'] },
    );
    expect(lines).toEqual(['true']);
  });

  test('that waits returns what node does', () => {
    const source =
      'process.stdin.on("data", (text) => { process.stdout.write(text); console.error("no"); process.exitCode = 2; })';
    const input = Buffer.from('some input');
    const result = alice.spawnSync(node, ['-e', source], { input });
    expect(result).toMatchObject({ status: 2, signal: null, stdout: input });
    expect(result.stderr.toString().trim()).toBe('no');
    expect(result.output).toEqual([null, result.stdout, result.stderr]);
    expect(result.pid).toBeGreaterThan(0);
    expect(() => alice.execFileSync(node, ['-e', 'process.exitCode = 4'], { stdio: 'ignore' })).toThrow(
      expect.objectContaining({ status: 4, signal: null }) as Error,
    );
  });
});

describeSwitching('node:child_process in a flow or scope', () => {
  freshTokens();

  test.each(all)('%s runs as the user of the flow', async (_name, start) => {
    expect(await alice.run(() => start(childProcess))).toBe(world.alice.id);
    expectActingAsService();
  });

  test.each(waiting)('%s runs as the user of the scope', (_name, start) => {
    expect(alice.runSync(() => start(childProcess))).toBe(world.alice.id);
    using _scope = bob.impersonate();
    expect(start(childProcess)).toBe(world.bob.id);
  });

  test('spawn runs as the user of the scope in which it is called', async () => {
    const child = alice.runSync(() => [childProcess.spawn(node, [who])])[0];
    expect(await printed(child as ChildProcess)).toBe(world.alice.id);
  });

  test('starts as the process in withoutToken()', async () => {
    const [sync, child] = alice.run(() =>
      withoutToken(() => [childProcess.spawnSync(node, [who]), childProcess.spawn(node, [who])] as const),
    );
    expect(sync.stdout.toString().trim()).toBe(world.serviceId);
    expect(await printed(child)).toBe(world.serviceId);
  });

  test('never mixes two users up', async () => {
    const count = isWindows ? 4 : 25;
    const program = isWindows ? [node, who] : ['id', '-u'];
    const starts = Array.from(
      { length: count },
      () =>
        [
          [world.alice.id, alice],
          [world.bob.id, bob],
        ] as const,
    ).flat();
    const results = await Promise.all(
      starts.map(async ([id, token], index) => {
        const [file = '', ...args] = program;
        const child =
          index % 4 < 2 ? token.spawn(file, args) : token.run(() => childProcess.spawn(file, args));
        return (await printed(child)) === id;
      }),
    );
    expect(results).toEqual(starts.map(() => true));
  });
});

describeSwitching('the listeners of a program', () => {
  freshTokens();
  const current = (): string => Token.current().user.id;

  /** Resolves to the users whom the listeners run as. */
  async function usersOf(child: ChildProcess): Promise<string[]> {
    const users = new Set<string>();
    const note = (): void => void users.add(current());
    for (const event of ['spawn', 'exit', 'close', 'error']) child.on(event, note);
    for (const stream of [child.stdout, child.stderr]) {
      for (const event of ['data', 'end', 'close']) stream?.on(event, note);
    }
    child.stdin?.on('error', () => {}).end('x', note);
    await once(child, 'close').catch(() => {});
    return [...users];
  }

  const start = (functions: Functions): ChildProcess[] => [
    functions.spawn(node, [who]),
    functions.execFile(node, [who]),
    functions.spawn(node, ['-e', 'setInterval(() => {}, 1e6)'], { timeout: 500 }),
    functions.spawn('no-such-program'),
  ];
  const usersOfAll = async (children: ChildProcess[]): Promise<unknown> => Promise.all(children.map(usersOf));
  const each = (id: string): string[][] => [[id], [id], [id], [id]];

  test("are the caller's, who has started it by a token", async () => {
    expect(await usersOfAll(start(tokenFunctions(alice)))).toEqual(each(world.serviceId));
    expect(await bob.run(() => usersOfAll(start(tokenFunctions(alice))))).toEqual(each(world.bob.id));
  });

  test('are those of the flow, in which it is started', async () => {
    expect(await alice.run(() => usersOfAll(start(childProcess)))).toEqual(each(world.alice.id));
  });

  test('of exec() and fork() as well', async () => {
    const seen = (functions: Functions): Promise<string> =>
      new Promise((resolve) => {
        functions.exec('exit', () => {
          const child = functions.fork(forked, { execArgv: [] });
          child.once('message', () => {
            resolve(current());
          });
          child.send('hello');
        });
      });
    expect(await seen(tokenFunctions(alice))).toBe(world.serviceId);
    expect(await alice.run(() => seen(childProcess))).toBe(world.alice.id);
  });
});
