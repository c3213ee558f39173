import { NegotiateServer, Token } from 'impersonate';
import { linesOf } from '../support/children/child';
import { caught, rejected } from '../support/errors';
import { product } from '../support/paths';
import { clientHello, clientProof, seam, serverChallenge, slow } from '../support/win32/seam';
import { domain, world } from '../support/world/win32';

const none = { lsaConnections: 0, lsaBuffers: 0, credentials: 0, contexts: 0, contextBuffers: 0 };
const proof = clientProof(`alice@${domain}`, 'alice');

let server: NegotiateServer;
let count: number;
beforeEach(() => {
  count = Token.count;
  server = new NegotiateServer({ maxMessageSize: 1024, maxMessages: 2, maxHandshakes: 3 });
  seam().takeAuthorityRecords();
});
afterEach(async () => {
  server.close();
  await released();
  expect(seam().outstanding()).toEqual(none);
  expect(Token.count).toBe(count);
});

const callCount = (): number => seam().takeAuthorityRecords().length;
const rest = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));

/** A message that is not awaited keeps its credentials until it is done. */
async function released(): Promise<void> {
  for (let n = 0; n < 200 && seam().outstanding().credentials > 0; n++) await rest();
}

describe('one handshake message at a time', () => {
  test('a second message while the first is in progress closes the handshake', async () => {
    const handshake = server.handshake();
    const first = rejected(handshake.step(slow(proof)));
    const second = rejected(handshake.step(proof));
    expect(handshake.closed).toBe(true);
    expect(await first).toMatchObject({ name: 'ImpersonationError', code: 'ERR_HANDSHAKE_CLOSED' });
    expect(await second).toMatchObject({ name: 'ImpersonationError', code: 'ERR_HANDSHAKE_BUSY' });
    expect(server.handshakes).toBe(0);
  });

  test('no message after the last', async () => {
    const handshake = server.handshake();
    const { token } = await handshake.step(proof);
    expect(await rejected(handshake.step(proof))).toMatchObject({ code: 'ERR_HANDSHAKE_CLOSED' });
    // The token belongs to the caller, and stays open.
    expect(token?.user.id).toBe(world.alice.id);
    token?.close();
  });

  test('the caller may reuse the memory of a message at once', async () => {
    const message = Buffer.from(proof);
    const step = server.handshake().step(message);
    message.fill(0);
    (await step).token?.close();
  });
});

describe('messages that are rejected without a system call', () => {
  const cases: [string, unknown, string][] = [
    ['an empty one', Buffer.alloc(0), 'ERR_INVALID_ARG_VALUE'],
    ['one larger than maxMessageSize', Buffer.alloc(1025, 'SEAM'), 'ERR_HANDSHAKE_TOO_LARGE'],
    ['a string', 'SEAM?', 'ERR_INVALID_ARG_TYPE'],
    ['numbers', [83, 69], 'ERR_INVALID_ARG_TYPE'],
  ];
  test.each(cases)('%s', async (_name, message, code) => {
    const handshake = server.handshake();
    expect(await rejected(handshake.step(message as Buffer))).toMatchObject({ code });
    expect([handshake.closed, callCount()]).toEqual([true, 0]);
    expect(await rejected(handshake.step(proof))).toMatchObject({ code: 'ERR_HANDSHAKE_CLOSED' });
    expect(callCount()).toBe(0);
  });

  test('a message of exactly maxMessageSize is passed to the system', async () => {
    const error = await rejected(server.handshake().step(Buffer.alloc(1024, 'SEAM')));
    expect(error).toMatchObject({ code: 'SEC_E_INVALID_TOKEN' });
  });

  test('a message beyond maxMessages', async () => {
    const handshake = server.handshake();
    await handshake.step(clientHello);
    await handshake.step(clientHello);
    expect(await rejected(handshake.step(proof))).toMatchObject({ code: 'ERR_HANDSHAKE_TOO_LONG' });
    expect([handshake.closed, callCount(), seam().outstanding().contexts]).toEqual([true, 0, 0]);
  });
});

describe('close()', () => {
  test('of a handshake between messages', async () => {
    const handshake = server.handshake();
    await handshake.step(clientHello);
    handshake.close();
    handshake.close();
    expect([handshake.closed, server.handshakes, seam().outstanding().contexts]).toEqual([true, 0, 0]);
    expect(await rejected(handshake.step(proof))).toMatchObject({ code: 'ERR_HANDSHAKE_CLOSED' });
  });

  test('by using', async () => {
    {
      using handshake = server.handshake();
      await handshake.step(clientHello);
    }
    expect([server.handshakes, seam().outstanding().contexts]).toEqual([0, 0]);
  });

  test.each(['first', 'second'])(
    'of a handshake while the %s message is in progress: its token is closed',
    async (message) => {
      const handshake = server.handshake();
      if (message === 'second') await handshake.step(clientHello);
      const step = rejected(handshake.step(slow(proof)));
      await rest();
      handshake.close();
      expect(await step).toMatchObject({ name: 'ImpersonationError', code: 'ERR_HANDSHAKE_CLOSED' });
      // The system still finishes the message.
      while (callCount() === 0) await rest();
    },
  );

  test('of the server closes every handshake, messages in progress too', async () => {
    const [idle, busy] = [server.handshake(), server.handshake()];
    expect(await idle.step(clientHello)).toEqual({ reply: serverChallenge });
    const step = rejected(busy.step(slow(proof)));
    server.close();
    server.close();
    expect([server.closed, server.handshakes, idle.closed, busy.closed]).toEqual([true, 0, true, true]);
    expect(await step).toMatchObject({ code: 'ERR_HANDSHAKE_CLOSED' });
    expect(await rejected(idle.step(proof))).toMatchObject({ code: 'ERR_HANDSHAKE_CLOSED' });
    expect(caught(() => server.handshake())).toMatchObject({ code: 'ERR_SERVER_CLOSED' });
  });
});

test('limits the handshakes in progress to maxHandshakes, however they end', async () => {
  const open = [server.handshake(), server.handshake(), server.handshake()];
  expect(caught(() => server.handshake())).toMatchObject({ code: 'ERR_HANDSHAKE_LIMIT' });
  (await open[0]?.step(proof))?.token?.close();
  open[1]?.close();
  await rejected(open[2]?.step(Buffer.from('?')) ?? Promise.resolve());
  expect(server.handshakes).toBe(0);
  server.handshake().close();
});

describe('a handshake that takes too long', () => {
  const late = { name: 'ImpersonationError', code: 'ERR_HANDSHAKE_TIMEOUT' };

  test('between messages', async () => {
    using hasty = new NegotiateServer({ timeout: 100 });
    const handshake = hasty.handshake();
    await handshake.step(clientHello).catch(() => undefined);
    while (!handshake.closed) await rest();
    expect([hasty.handshakes, seam().outstanding().contexts]).toEqual([0, 0]);
    expect(await rejected(handshake.step(proof))).toMatchObject(late);
  });

  test('while a message is in progress: its token is closed', async () => {
    using hasty = new NegotiateServer({ timeout: 50 });
    expect(await rejected(hasty.handshake().step(slow(proof)))).toMatchObject(late);
    while (callCount() === 0) await rest();
  });

  test('does not keep the process alive', async () => {
    const lines = await linesOf(`
      const { NegotiateServer } = require(${JSON.stringify(product)});
      new NegotiateServer({ timeout: 3_600_000 }).handshake();
      print('over');
    `);
    expect(lines).toEqual(['over']);
  });
});

test('a worker that is terminated in the middle of handshakes leaves nothing behind', async () => {
  const source = `
    const { NegotiateServer } = require(${JSON.stringify(product)});
    const server = new NegotiateServer();
    const step = (message) => server.handshake().step(Buffer.from(message));
    step(${JSON.stringify(slow(proof).toString())}).then(() => process.exit(1));
    step('SEAM?').then(() => require('node:worker_threads').parentPort.postMessage('under way'));
  `;
  const lines = await linesOf(`
    const { Worker } = require('node:worker_threads');
    const { seam } = require(${JSON.stringify(require.resolve('../support/win32/seam'))});
    const outstanding = () => JSON.stringify(seam().outstanding());
    const rounds = async () => {
      const worker = new Worker(${JSON.stringify(source)}, { eval: true });
      await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
      await worker.terminate();
      while (seam().outstanding().credentials > 0) await new Promise((resolve) => setTimeout(resolve, 20));
    };
    await rounds();
    const handles = world.handleCount();
    for (let n = 0; n < 3; n++) await rounds();
    print(outstanding());
    print(String(Token.count));
    print(String(world.handleCount() - handles < 10));
  `);
  expect(lines).toEqual([JSON.stringify(none), '0', 'true']);
});
