import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { writeSource } from '../support/children/child';
import { countInMemory } from '../support/children/memory';
import { product } from '../support/paths';
import { describeSwitching } from '../support/world/acting';
import { world } from '../support/world/world';

// Nothing of it may come from anywhere but its standard input: the text of a script stays in the engine's memory.
const source = `
  const fs = require('node:fs');
  const { Token } = require(process.argv[2]);
  const options = JSON.parse(process.argv[3]);
  if (process.argv[4]) require(process.argv[4]).patchAuthority('impersonate.node');
  const password = Buffer.alloc(Number(process.argv[5]));
  for (let read = 0; read < password.length; ) read += fs.readSync(0, password, read, password.length - read, null);
  const logons = Array.from({ length: 5 }, () => Token.logon({ ...options, password }));
  process.argv[6] === 'keep' || password.fill(0);
  Promise.allSettled(logons).then((ends) => {
    // The threads are gone a moment after their results have come.
    setTimeout(() => console.log(ends.map(({ status }) => status).join()), 200);
  });
  setInterval(() => {}, 1000);`;

const isWindows = process.platform === 'win32';
const seamAddon = isWindows ? require.resolve('../../build-win32-x64/Release/seam.node') : '';
const encodings = isWindows ? (['utf8', 'utf16le'] as const) : (['utf8'] as const);

/**
 * Parts of it: memory that was freed is soon written over here and there, and would hide what nobody has wiped. The
 * longer the password, the more of it stays.
 */
function partsOf(password: string): string[] {
  const parts: string[] = [];
  for (let at = 24; at + 32 <= password.length; at += 512) parts.push(password.slice(at, at + 32));
  return parts;
}

/** How often the child has the password in its memory once it has logged on with it. */
async function leftOf(
  password: string,
  options: object,
  keep = '',
): Promise<{ ends: string; left: number[] }> {
  const bytes = Buffer.from(password);
  const args = [product, JSON.stringify(options), seamAddon, String(bytes.length), keep];
  const child = spawn(process.execPath, [writeSource('bare', source), ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  try {
    child.stdin.write(bytes);
    const [ends] = (await once(createInterface(child.stdout), 'line')) as [string];
    const left = encodings.map((encoding) =>
      countInMemory(
        child.pid ?? 0,
        partsOf(password).map((part) => Buffer.from(part, encoding)),
      ),
    );
    return { ends, left };
  } finally {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
}

const all = (status: string): string => Array<string>(5).fill(status).join();
const none = encodings.map(() => 0);

describeSwitching('what a logon leaves of the password in memory', () => {
  const long = randomBytes(12_000).toString('base64');
  // Under Wine newCredentials asks nobody whether it is right.
  const password = isWindows ? long : world.alice.password;
  const { user, service } = world.alice.logon();
  const right = isWindows ? { user, type: 'newCredentials' } : { user, service };
  const wrong = isWindows ? { user: 'nobody-at-all' } : { user: 'imp-bob', service };

  test('would be found', async () => {
    const { left } = await leftOf(password, right, 'keep');
    expect(left[0]).toBeGreaterThan(0);
  });

  test('is nothing after a right one', async () => {
    expect(await leftOf(password, right)).toEqual({ ends: all('fulfilled'), left: none });
  });

  test('is nothing after a wrong one', async () => {
    expect(await leftOf(long, wrong)).toEqual({ ends: all('rejected'), left: none });
  });
});
