import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type ChildResult, runProgram } from '../support/children/child';
import { prepared } from '../support/children/examples';
import { isWindows, newAddress, setPrivs } from '../support/network/peers';
import { tempFolder } from '../support/folders';
import { root } from '../support/paths';
import { describeSwitching } from '../support/world/acting';
import { type Identity, world } from '../support/world/world';

const example = (name: string): string => join(root, 'examples', 'peers', name);

let address: string;
let folder: string;
let service: ChildProcess;

const fileOf = (name: string): string => join(folder, name);
const ownersOf = { alice: world.alice, bob: world.bob, service: 'service' } as const;

beforeAll(async () => {
  address = newAddress();
  folder = tempFolder('helper');
  const own = [`world.own(${JSON.stringify(folder)}, 'service');`];
  for (const [name, who] of Object.entries(ownersOf)) {
    writeFileSync(fileOf(name), `of ${name}`);
    if (!isWindows) world.own(fileOf(name), who);
    own.push(
      `world.own(${JSON.stringify(fileOf(name))}, ${who === 'service' ? "'service'" : `world.${name}`});`,
    );
  }
  const args = [...prepared(own.join('\n')), example('service.mjs'), address, folder];
  service = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(createInterface(service.stdout as never), 'line')) as [string];
  expect(line).toBe('listening');
});

afterAll(() => {
  service.kill('SIGKILL');
});

function client(who: Identity, server: string, ...requests: string[]): Promise<ChildResult> {
  const become = `require(${JSON.stringify(require.resolve('../support/win32/seam'))}).seam().setProcessToken(world.${who.key}.mint({ type: 'primary' }));`;
  return runProgram(example('client.mjs'), {
    execArgv: prepared(become),
    args: [address, server, ...requests],
    through: isWindows ? [] : setPrivs(who),
  });
}

describeSwitching('examples/peers: a service and its clients, each a process of its own', () => {
  test('does for each of two users what that user may do, and no more', async () => {
    const users = [world.alice, world.bob];
    const denied = isWindows ? 'EPERM' : 'EACCES';
    const both = users.map(({ key, id }): [string, string][] => [
      ['whoami', id],
      ['read alice', key === 'alice' ? 'of alice' : denied],
      ['read bob', key === 'bob' ? 'of bob' : denied],
      ['read service', denied],
      [`write ${key} by ${key}`, 'done'],
      [`read ${key}`, `by ${key}`],
      ['write new x', denied],
      ['read ../alice', 'BAD_NAME'],
      ['become root', 'BAD_COMMAND'],
    ]);
    const results = await Promise.all(
      users.map((who, index) =>
        client(who, world.serviceId, ...(both[index] ?? []).map(([request]) => request)),
      ),
    );
    for (const [index, { code, stdout, stderr }] of results.entries()) {
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout.split(/\r?\n/).filter(Boolean)).toEqual(
        (both[index] ?? []).map((pair) => pair.join(': ')),
      );
    }
    expect(readFileSync(fileOf('alice'), 'utf8')).toBe('by alice');
    expect(existsSync(fileOf('new'))).toBe(false);
  });

  test("gets no request from a client that expects another user's service", async () => {
    const { code, stdout } = await client(world.alice, world.bob.id, 'whoami');
    expect({ code, stdout: stdout.trim() }).toEqual({ code: 1, stdout: 'ERR_UNEXPECTED_SERVER' });
  });

  if (!isWindows) {
    test('ends on SIGTERM, and leaves no socket', async () => {
      service.kill('SIGTERM');
      expect(await once(service, 'exit')).toEqual([0, null]);
      expect(existsSync(address)).toBe(false);
    });
  }
});
