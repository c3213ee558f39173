import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { runProgram } from '../support/children/child';
import { prepared } from '../support/children/examples';
import { whoAmI } from '../support/children/programs';
import { until } from '../support/children/progress';
import { isWindows, newAddress, setPrivs } from '../support/network/peers';
import { tempFolder } from '../support/folders';
import { root } from '../support/paths';
import { describeSwitching } from '../support/world/acting';
import { type Identity, world } from '../support/world/world';

const example = (name: string): string => join(root, 'examples', 'runner', name);

const scripts: Record<string, string> = {
  who: `console.log(${whoAmI}); console.error(process.env.IMPERSONATE_TEST_SECRET ?? 'no secret'); process.exitCode = 3;`,
  endless: `const { spawn } = require('node:child_process');
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)'], { stdio: 'inherit' });
    console.log(JSON.stringify([process.pid, child.pid])); setInterval(() => {}, 1e6);`,
};

let address: string;
let service: ChildProcess;

beforeAll(async () => {
  address = newAddress();
  const folder = tempFolder('runner');
  for (const { name } of [world.alice, world.bob]) {
    mkdirSync(join(folder, name));
    chmodSync(join(folder, name), 0o755);
    for (const [script, source] of Object.entries(scripts)) {
      const file = join(folder, name, `${script}.mjs`);
      writeFileSync(
        file,
        `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url); ${source}`,
      );
      chmodSync(file, 0o644);
    }
  }
  service = spawn(process.execPath, [...prepared(''), example('service.mjs'), address, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, IMPERSONATE_TEST_SECRET: 'secret' },
  });
  const [line] = (await once(createInterface(service.stdout as never), 'line')) as [string];
  expect(line).toBe('listening');
});

afterAll(() => {
  service.kill('SIGKILL');
});

async function client(who: Identity, ...args: string[]): Promise<string[]> {
  const become = `require(${JSON.stringify(require.resolve('../support/win32/seam'))}).seam().setProcessToken(world.${who.key}.mint({ type: 'primary' }));`;
  const { code, stdout, stderr } = await runProgram(example('client.mjs'), {
    execArgv: prepared(become),
    args: [address, world.serviceId, ...args],
    through: isWindows ? [] : setPrivs(who),
  });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout.split(/\r?\n/).filter(Boolean);
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describeSwitching('examples/runner: a service that runs scripts of its clients', () => {
  test.each([world.alice, world.bob])(
    'runs a script as the user who has sent the request: $key',
    async (who) => {
      const events = await client(who, 'run', 'who');
      expect(events.sort()).toEqual([
        'exit {"code":3,"signal":null}',
        'stderr "no secret\\n"',
        `stdout "${who.id}\\n"`,
      ]);
    },
  );

  test('ends a job with all that it has started', async () => {
    const events = await client(world.alice, 'run', 'endless', '2');
    const [output = '', exit] = events;
    const pids = JSON.parse(JSON.parse(output.slice('stdout '.length)) as string) as number[];
    expect(pids).toHaveLength(2);
    expect(exit).toBe('exit {"code":null,"signal":"SIGKILL"}');
    await until(() => !pids.some(isRunning));
  });

  test('rejects what is no job, and no script', async () => {
    expect(await client(world.bob, 'cancel', 'none')).toEqual(['404']);
    expect(await client(world.bob, 'run', '..%2Fimp-alice')).toEqual(['404']);
    expect((await client(world.bob, 'run', 'none')).at(-1)).toBe('exit {"code":1,"signal":null}');
  });

  if (!isWindows) {
    test('ends on SIGTERM, and leaves no socket', async () => {
      service.kill('SIGTERM');
      expect(await once(service, 'exit')).toEqual([0, null]);
      expect(existsSync(address)).toBe(false);
    });
  }
});
