import { type ChildResult, runSource } from '../support/children/child';
import { product } from '../support/paths';
import { domain } from '../support/world/win32';

const open = `const { seam } = require(${JSON.stringify(require.resolve('../support/win32/seam'))});
  const alice = await world.alice.token();
  const bob = await world.bob.token();
  const fail = (span = {}) => { seam().failImport('impersonate.node', 'SetThreadToken', { error: 5, times: Infinity, ...span }); };
  process.on('exit', () => { print('exit handler'); });
  process.on('uncaughtException', () => { print('handler'); });`;

/** Expects that the process ended at once with a reason, and that nothing ran after "ready". */
function expectAborted({ code, signal, stdout, stderr }: ChildResult): void {
  expect(stdout.trim()).toBe('ready');
  expect(stderr).toMatch(/^impersonate: .*SetThreadToken failed: ERROR_ACCESS_DENIED/m);
  expect(signal ?? code).not.toBe(0);
  expect(code).not.toBe(70);
}

describe('a restore that fails aborts the process', () => {
  test.each([
    [
      'runSync',
      "try { alice.runSync(() => { fail(); print('ready'); }); } catch { print('caught'); } finally { print('finally'); }",
    ],
    [
      'a function that throws',
      "try { alice.runSync(() => { fail(); print('ready'); throw new Error('mine'); }); } catch { print('caught'); }",
    ],
    [
      'a scope',
      "const scope = alice.impersonate(); fail(); print('ready'); try { scope.revert(); } catch { print('caught'); }",
    ],
    [
      'an inner scope',
      "alice.runSync(() => { try { bob.runSync(() => { fail({ times: 1 }); print('ready'); }); } catch { print('caught'); } print('went on'); });",
    ],
    ['process.exit', "alice.runSync(() => { fail(); print('ready'); process.exit(0); });"],
    ['a leak', "alice.impersonate(); fail(); print('ready'); await null;"],
  ])('of %s', async (_what, body) => {
    expectAborted(await runSource(`${open} ${body} print('went on');`));
  });
});

/** Operations that change the identity for a while, and the outcome of each call of SetThreadToken that fails. */
const refused = 'ERROR_ACCESS_DENIED';
const aborted = 'aborted';
/** The outcomes of work as the process: the identity is removed, and restored. */
const once = [refused, aborted];
const rows: [string, string, string[]][] = [
  [
    'S4U',
    `(await Token.forUser(${JSON.stringify(`${domain}\\alice`)})).close();`,
    [...once, ...once, ...once],
  ],
  ['an anonymous token', 'Token.anonymous().close();', [...once, aborted]],
  ['a pipe’s server', '(await createPeerServer().listen(newAddress())).close();', [refused, aborted]],
  ['a peer', 'await meet();', [...once, ...once, ...once, ...once, ...once]],
  [
    'privileges',
    "enablePrivileges(['SeShutdownPrivilege']).revert();",
    // The copy is made as the process inside other work as the process.
    [...once, refused, ...once, ...once, aborted, ...once],
  ],
  ['an access check', "await token.canAccess({ sddl: 'O:SYG:SYD:' }, 'read');", [refused, aborted]],
  ['a linked token', 'service.linked().close();', [...once, ...once]],
  ['credentials', 'new NegotiateServer().close();', [refused, aborted]],
  [
    'an outgoing handshake',
    "const client = new NegotiateClient(); try { const one = client.handshake({ target: 'HTTP/back', token }); await one.step(); await one.step(serverAccepted); } finally { client.close(); }",
    [...once, ...once, ...once],
  ],
];

const program = (start: readonly [number, number]): string => `
  const { seam, serverAccepted } = require(${JSON.stringify(require.resolve('../support/win32/seam'))});
  const { newAddress } = require(${JSON.stringify(require.resolve('../support/network/peers'))});
  const { connectPeer, createPeerServer, enablePrivileges, NegotiateClient, NegotiateServer } = require(${JSON.stringify(product)});
  const addon = 'impersonate.node';
  const token = await world.alice.token();
  const service = Token.process();
  const meet = () => new Promise((resolve, reject) => {
    const server = createPeerServer();
    server.on('clientError', reject).on('connection', (socket) => {
      try {
        resolve(Token.fromPeer(socket).close());
      } catch (error) {
        reject(error);
      }
      socket.destroy();
    });
    server.listen(newAddress()).then(() => connectPeer(server.address())).then((client) => {
      client.on('error', () => {}).once('close', () => server.close()).resume();
    }, reject);
  });
  const works = [${rows.map(([, work]) => `async () => { ${work} }`).join()}];
  let [first, skip] = ${JSON.stringify(start)};
  for (let index = first; index < works.length; index++, skip = 0) {
    await works[index]();
    for (; ; skip++) {
      seam().failImport(addon, 'SetThreadToken', { error: 5, skip, times: 1 });
      fs.writeSync(1, index + ' ');
      const outcome = await works[index]().then(() => 'done', ({ code, syscall }) => [code, syscall].join(' '));
      const all = seam().importCalls(addon, 'SetThreadToken') <= skip;
      seam().clearFaults();
      const clean = world.whoAmI() === world.serviceId && world.canOpenService();
      print(all ? '' : clean ? outcome.replace(' SetThreadToken', '') : 'not the process');
      if (all) break;
    }
  }
  print('end');
  process.exit();`;

/** Runs in child processes, as some of these failures end one; the next child continues after that call. */
async function walk(): Promise<string[][]> {
  const outcomes: string[][] = rows.map(() => []);
  let at = 0;
  for (;;) {
    const { stdout, stderr, signal, code } = await runSource(program([at, outcomes[at]?.length ?? 0]));
    // The number of the operation is printed before each call, and its outcome after it; an empty outcome ends the calls.
    for (const [line, index, outcome] of stdout.matchAll(/^(\d+) (.*)\r?\n?/gm)) {
      at = Number(index);
      if (outcome) outcomes[at]?.push(outcome);
      else if (!line.endsWith('\n')) outcomes[at]?.push(aborted);
    }
    if (stdout.endsWith('end\n')) return outcomes;
    expect(stderr).toMatch(/^impersonate: .*SetThreadToken failed: ERROR_ACCESS_DENIED/m);
    expect(signal ?? code).not.toBe(0);
  }
}

test('each SetThreadToken failing in turn: the operation fails, or the process ends', async () => {
  const outcomes = await walk();
  expect(rows.map(([name], index) => [name, outcomes[index]])).toEqual(
    rows.map(([name, , calls]) => [name, calls]),
  );
});
