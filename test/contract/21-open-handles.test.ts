import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { chmodSync, closeSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type HandleLeakMessage, setStrictHandles, Token } from 'impersonate';
import { createReadStream, open, opendir, readFile } from 'impersonate/fs';
import { linesOf } from '../support/children/child';
import { caught, rejected } from '../support/errors';
import { tempFolder } from '../support/folders';
import { root } from '../support/paths';
import { alice, bob, describeSwitching, freshTokens } from '../support/world/acting';
import { world } from '../support/world/world';

const folder = tempFolder('handles');
const shared = join(folder, 'shared');
mkdirSync(shared);
chmodSync(shared, 0o755);
const file = join(shared, 'file.txt');
writeFileSync(file, 'anybody may read this');
chmodSync(file, 0o644);

let leaks: HandleLeakMessage[] = [];
let tellers: string[] = [];
const note = (message: unknown): void => {
  leaks.push(message as HandleLeakMessage);
  tellers.push(`${world.whoAmI()} ${Token.current().user.id}`);
};

// The garbage collector would close a handle without references.
let left: FileHandle[] = [];

afterEach(async () => {
  await Promise.all(left.map((handle) => handle.close()));
  left = [];
});

/** Opens the file in the flow, leaves it open, and returns the descriptor. */
const leave = async (): Promise<number> => {
  const handle = await open(file);
  left.push(handle);
  return handle.fd;
};

function listening(): void {
  beforeEach(() => {
    leaks = [];
    tellers = [];
    subscribe('impersonate:leak', note);
  });
  afterEach(() => {
    unsubscribe('impersonate:leak', note);
  });
}

describeSwitching('a handle that its flow leaves open', () => {
  freshTokens();
  listening();

  test('is reported with its path, descriptor and stack, and both identities', async () => {
    const handle = await alice.run(() => open(file));
    expect(leaks).toEqual([
      {
        kind: 'handle',
        path: file,
        fd: handle.fd,
        stack: expect.stringContaining(basename(__filename)) as unknown,
        process: expect.objectContaining({ id: world.serviceId }) as unknown,
        user: alice.user,
      },
    ]);
    expect(leaks[0]?.stack).not.toContain(join(root, 'dist', '/'));
    expect(tellers).toEqual([`${world.serviceId} ${world.serviceId}`]);
    await handle.close();
  });

  test('is reported once, before the caller gets the result', async () => {
    let before = 0;
    const running = alice.run(leave);
    await running.then(() => {
      before = leaks.length;
    });
    expect(before).toBe(1);
    await alice.run(async () => Promise.resolve());
    expect(leaks).toHaveLength(1);
  });

  test('is reported if the flow fails, which keeps its own error', async () => {
    let fd = -1;
    const failure = new Error('mine');
    const flow = alice.run(async () => {
      fd = await leave();
      throw failure;
    });
    expect(await rejected(flow)).toBe(failure);
    expect(leaks.map((leak) => leak.fd)).toEqual([fd]);
  });

  test('is not reported if the flow closes it, awaited or not', async () => {
    await alice.run(async () => {
      const [first, second] = [await open(file), await open(file)];
      await first.close();
      void second.close();
      expect(await readFile(file, 'utf8')).toBe('anybody may read this');
    });
    expect(leaks).toEqual([]);
  });

  test('belongs to the inner flow if that has opened it', async () => {
    await alice.run(async () => {
      await bob.run(leave);
      expect(leaks.map(({ user }) => user.id)).toEqual([world.bob.id]);
    });
    expect(leaks).toHaveLength(1);
  });

  test('does not belong to another flow that runs at the same time', async () => {
    await Promise.all([
      alice.run(leave),
      bob.run(async () => {
        const handle = await open(file);
        await once(createReadStream(file).resume(), 'close');
        await handle.close();
      }),
    ]);
    expect(leaks.map(({ user }) => user.id)).toEqual([world.alice.id]);
  });

  test('may be a stream, unless it has ended or is destroyed', async () => {
    const forgotten = await alice.run(async () => {
      const streams = [createReadStream(file), createReadStream(file), createReadStream(file)] as const;
      await Promise.all(streams.map((stream) => once(stream, 'open')));
      const [ended, destroyed, left] = streams;
      await once(ended.resume(), 'close');
      destroyed.destroy();
      return { stream: left };
    });
    expect(leaks.map(({ path }) => path)).toEqual([file]);
    forgotten.stream.destroy();
  });

  test('may be a directory, unless it is closed or read to its end', async () => {
    const forgotten = await alice.run(async () => {
      const [closed, read, open] = [await opendir(shared), await opendir(shared), await opendir(shared)];
      await closed.close();
      for await (const { name } of read) expect(name).toBe('file.txt');
      return open;
    });
    expect(leaks).toMatchObject([{ path: shared, stack: expect.any(String) as unknown }]);
    expect(leaks[0]).not.toHaveProperty('fd');
    await forgotten.close();
  });

  test('is not checked if the flow returns a synchronous result', async () => {
    const opening = alice.run(() => ({ opened: open(file) })).opened;
    await (await opening).close();
    let handed = -1;
    alice.run(() => {
      void leave().then((fd) => {
        handed = fd;
      });
    });
    while (handed === -1) await new Promise((resolve) => setImmediate(resolve));
    expect(leaks).toEqual([]);
  });

  test('is not reported if it was opened in a synchronous scope', async () => {
    const fd = await alice.run(async () => {
      await Promise.resolve();
      return bob.runSync(() => openSync(file, 'r'));
    });
    const handle = await alice.run(async () => {
      let opening;
      {
        using _scope = alice.impersonate();
        opening = open(file);
      }
      return opening;
    });
    expect(leaks).toEqual([]);
    closeSync(fd);
    await handle.close();
  });
});

describeSwitching('setStrictHandles(true)', () => {
  freshTokens();
  beforeEach(() => {
    setStrictHandles(true);
  });
  afterEach(() => {
    setStrictHandles(false);
  });

  test('rejects a flow that leaves handles open, with the path and stack of each', async () => {
    const error = await rejected(
      alice.run(async () => {
        await leave();
        await leave();
        return 'the result';
      }),
    );
    expect(error).toMatchObject({ name: 'ImpersonationError', code: 'ERR_HANDLE_LEAKED' });
    expect(error.message.split(file)).toHaveLength(3);
    expect(error.message.split(basename(__filename)).length).toBeGreaterThanOrEqual(3);
  });

  test('keeps the result of a flow that closes its handles, and the error of a flow that fails', async () => {
    const clean = alice.run(async () => {
      const handle = await open(file);
      await handle.close();
      return 1;
    });
    expect(await clean).toBe(1);
    const failing = alice.run(async () => {
      await leave();
      throw new RangeError('mine');
    });
    expect(await rejected(failing)).toMatchObject({ name: 'RangeError', message: 'mine' });
  });

  test('keeps nothing of many handles of one flow', async () => {
    const lines = await linesOf(
      `const { setStrictHandles } = require(${JSON.stringify(join(root, 'dist', 'index.js'))});
      const { open } = require(${JSON.stringify(join(root, 'dist', 'fs.js'))});
      const alice = await world.alice.token();
      setStrictHandles(true);
      await alice.run(async () => {
        const rounds = async (count) => {
          for (let i = 0; i < count; i++) await (await open(${JSON.stringify(file)})).close();
          gc();
          return process.memoryUsage().heapUsed;
        };
        const before = await rounds(500);
        const after = await rounds(2500);
        print(after - before);
      });`,
      { execArgv: ['--expose-gc'] },
    );
    // Each takes more than a kilobyte with its stack.
    expect(Number(lines[0])).toBeLessThan(1_000_000);
  });
});

describeSwitching('without a subscriber for open handles', () => {
  freshTokens();

  test('the flow returns the promise of the function itself', async () => {
    const promise = Promise.resolve(1);
    expect(alice.run(() => promise)).toBe(promise);
    await promise;
  });
});

test.each([undefined, null, 0, 'on', {}])('setStrictHandles(%p) throws', (on) => {
  const error = caught(() => {
    setStrictHandles(on as never);
  });
  expect(error).toMatchObject({ name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' });
  expect(error.message).toContain('"on"');
});
