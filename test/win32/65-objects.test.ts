import { linesOf } from '../support/children/child';
import { world } from '../support/world/win32';

const seamModule = JSON.stringify(require.resolve('../support/win32/seam'));

// Objects that are made in a scope get the default DACL of its token, which allows alice: `admitted()` returns the objects
// of the process that she could open.
const preamble = `
  const { seam } = require(${seamModule});
  const { withoutToken, createPeerServer } = require(${JSON.stringify(require.resolve('../../dist'))});
  const impersonateFs = require(${JSON.stringify(require.resolve('../../dist/fs'))});
  const patched = ['', 'impersonate.node'].flatMap((name) => seam().patchDefaultSecurity(name));
  for (const name of ['kernel32.dll!CreateThread', 'kernel32.dll!CreateIoCompletionPort', '!_beginthreadex'])
    if (!patched.some((one) => one.toLowerCase().endsWith(name.toLowerCase()))) print(name + ' is not patched');
  const handle = world.alice.mint();
  const alice = Token.fromHandle(handle);
  // The access list of a file or pipe comes from its path.
  const admitted = () =>
    seam().kernelObjects()
      .filter(({ type, security }) => security !== '' && type !== 'File')
      .filter((one) => seam().grantedAccess(one.handle, handle) !== 0)
      .map(({ type, security }) => type + ' ' + security);
  const kept = [];
  // Alice may open the objects of the test world.
  seam().closeObjects();
`;

/** Objects that Node or the package makes at the first use. */
const makers: Readonly<Record<string, string>> = {
  'a Worker': `withoutToken(() => kept.push(new (require('node:worker_threads').Worker)('setInterval(() => {}, 1000)', { eval: true })))`,
  'fetch()': `fetch('http://127.0.0.1:1/').catch(() => {})`,
  'work for the pool': `require('node:crypto').randomBytes(8, () => {}); require('node:zlib').deflate('x', () => {})`,
  'node:fs/promises': `fs.promises.stat('.').catch(() => {})`,
  'a look-up of a host': `require('node:dns').lookup('localhost', () => {})`,
  'standard output': `process.stdout.write(''); process.stderr.write('')`,
  'standard input': `kept.push(process.stdin)`,
  'a timer': `setTimeout(() => {}, 1)`,
  'a signal handler': `process.on('SIGINT', () => {})`,
  'a message channel': `kept.push(new MessageChannel())`,
  'fs.watch()': `kept.push(fs.watch('.'))`,
  'a pipe server of net': `withoutToken(() => kept.push(require('node:net').createServer().listen('\\\\\\\\.\\\\pipe\\\\objects-' + process.pid)))`,
  'a peer server': `kept.push(createPeerServer())`,
  'impersonate/fs': `impersonateFs.stat('.').catch(() => {})`,
  'Token.forUser()': `Token.forUser('alice@SEAM').then((token) => kept.push(token), () => {})`,
  'Token.logon()': `seam().holdLogons('alice'); Token.logon({ user: 'alice', domain: 'SEAM', password: 'wrong' }).catch(() => {})`,
  'lookupAccount()': `lookupAccount({ kind: 'user', id: world.bob.id }).catch(() => {})`,
  'tokens of its own': `kept.push(alice.duplicate(), alice.restrict({ removePrivileges: ['SeShutdownPrivilege'] }), Token.process(), Token.thread())`,
};

describe('kernel objects that are made inside a scope', () => {
  test('do not allow access to the user, whichever part of Node or the package makes them', async () => {
    const functions = Object.entries(makers).map(
      ([name, source]) => `${JSON.stringify(name)}() { ${source}; },`,
    );
    const lines = await linesOf(`${preamble}
      for (const [name, make] of Object.entries({ ${functions.join('\n')} })) {
        const seen = alice.runSync(() => { make(); return admitted(); });
        await new Promise((resolve) => setTimeout(resolve, 50));
        print([name, ...seen, ...admitted()].join(' | '));
      }
      process.exit(0);`);
    expect(lines).toEqual(Object.keys(makers));
  });

  test('are found by the check if they allow access to their maker', async () => {
    // With a time limit Node starts a thread while the code runs.
    const lines = await linesOf(`${preamble}
      globalThis.look = () => { admitted().forEach(print); };
      alice.runSync(() => { require('node:vm').runInThisContext('look()', { timeout: 60_000 }); });
      print('after');
      admitted().forEach(print);`);
    const threads = lines.filter(
      (line) => line.startsWith('Thread ') && line.includes(`;${world.alice.id})`),
    );
    expect(threads).toHaveLength(1);
    expect(lines.at(-1)).toBe('after');
  });
});

describe('the token on a thread', () => {
  const lines = (source: string): Promise<string[]> => linesOf(`${preamble} ${source}`);

  test('allows access only to the process, wherever it was made', async () => {
    const tokens = `
      const look = (token) => token.runSync(() => {
        const carried = seam().duplicateHandle(BigInt.asUintN(64, -5n));
        const { security } = seam().kernelObjects().find(({ handle }) => handle === carried);
        print(security.replaceAll(world.serviceId, 'SERVICE').replace(/G:[^:]*D:/, 'D:'));
        print(String(seam().grantedAccess(carried, handle)));
        seam().closeHandle(carried);
      });`;
    const inScope = await lines(`${tokens}
      look(alice);
      const made = alice.runSync(() => [alice.duplicate(), alice.restrict({ removePrivileges: ['SeShutdownPrivilege'] }), Token.thread()]);
      made.forEach(look);`);
    const expected = ['O:SERVICED:(A;;DCLCSWRC;;;SERVICE)', '0'];
    expect(inScope).toEqual([...expected, ...expected, ...expected, ...expected]);
  });
});
