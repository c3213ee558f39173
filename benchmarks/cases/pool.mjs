import fs from 'node:fs/promises';
import process from 'node:process';
import impersonateFs from 'impersonate/fs';

// What anybody may read, so that every side does the same work.
const file = '/etc/passwd';

const operations = {
  stat: (api) => api.stat(file),
  'open + read + close': async (api) => {
    const handle = await api.open(file);
    await handle.read(Buffer.allocUnsafe(4096), 0, 4096, 0);
    await handle.close();
  },
};

/** `count` times the work, so many at any time. */
async function inFlight(most, count, work) {
  let left = count;
  const lane = async () => {
    while (left-- > 0) await work();
  };
  await Promise.all(Array.from({ length: most }, lane));
}

// The whole process becomes the user, all that is in flight is done, and it comes back: with one in flight, for each
// operation. Nothing else may run meanwhile, so two users wait for each other.
async function asProcessWide(uid, most, count, work) {
  for (let done = 0; done < count; done += most) {
    process.seteuid(uid);
    try {
      await inFlight(most, Math.min(most, count - done), work);
    } finally {
      process.seteuid(0);
    }
  }
}

const baselines = {
  'fs.promises': () => inFlight,
  'process.seteuid and fs.promises': (uid) => (most, count, work) => asProcessWide(uid, most, count, work),
};

export const cases = Object.entries(operations).flatMap(([name, work]) =>
  [1, 4, 64].flatMap((most) =>
    Object.entries(baselines).map(([against, runnerFor]) => ({
      name: `${name}, ${most} in flight`,
      against,
      setup: ({ token, uid }) => {
        const runner = runnerFor(uid);
        return {
          subject: (count) => token.run(() => inFlight(most, count, () => work(impersonateFs))),
          baseline: (count) => runner(most, count, () => work(fs)),
        };
      },
    })),
  ),
);
