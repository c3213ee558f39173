import { execFileSync } from 'node:child_process';
import { randomBytes as randomBytesWithCallback } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { impersonateFs, nodeFs, Token } from '../product.mjs';
import { groupCounts } from '../world/users.mjs';
import { counts, fileOperations, inFlight } from './07-files.mjs';

const randomBytes = promisify(randomBytesWithCallback);

/** File calls of users in turn, and of a user while calls of another one hang. */
export default async function* comparisons(world, { once }) {
  for (const users of [2, 100]) {
    const { operations, removed } = await fileOperations(world.readable, users);
    const tokens = await tokensOf(world, users);
    for (const [name, work] of Object.entries(operations)) {
      for (const most of counts) yield inTurn(name, work, tokens, most);
    }
    for (const token of tokens) token.close();
    await removed();
  }
  if (process.platform !== 'linux') return;
  yield* byMemberOfManyGroups(world);
  yield* hungCalls(world, once);
}

async function* byMemberOfManyGroups({ personWithGroups, readable }) {
  const groups = Math.max(...groupCounts);
  const token = await (await personWithGroups(groups)).token();
  for (const most of counts) {
    const work = (api) => api.stat(readable);
    yield inTurn('stat', work, [token], most, `a user in ${groups.toLocaleString('en')} groups`);
  }
  token.close();
}

function inTurn(name, work, tokens, most, who = `${tokens.length} users in turn`) {
  const batch = Math.max(most * 4, tokens.length);
  let next = 0;
  return {
    title: `${name} by ${who}, ${most} in flight`,
    sides: [
      { name: 'fs.promises', batch, work: (count) => inFlight(most, count, () => work(nodeFs.promises)) },
      {
        name: 'impersonate/fs in flows',
        batch,
        work: (count) =>
          inFlight(most, count, () => {
            const user = next++ % tokens.length;
            return tokens[user].run(() => work(impersonateFs, user));
          }),
      },
    ],
  };
}

/** On Windows, where ids alone are no token, the users are two in turn. */
async function tokensOf({ alice, bob, port }, count) {
  const [one, other] = [await alice.token(), await bob.token()];
  const made = Array.from({ length: count }, (_, index) => {
    if (port === 'linux') return Token.forIds({ uid: 60_000 + index, gid: 60_000 + index });
    return (index % 2 ? one : other).duplicate();
  });
  one.close();
  other.close();
  return made;
}

async function* hungCalls({ alice, bob, readable }, once) {
  const folder = nodeFs.mkdtempSync(path.join(os.tmpdir(), 'impersonate-bench-'));
  nodeFs.chmodSync(folder, 0o755);
  const pipe = path.join(folder, 'pipe');
  execFileSync('mkfifo', ['-m', '0666', pipe]);
  const [user, other] = [await alice.token(), await bob.token()];
  const figures = [];
  const own = [];
  for (const hung of [0, 4, 40, 400]) {
    const stop = new AbortController();
    const calls = other.run(() =>
      Array.from({ length: hung }, () =>
        impersonateFs.readFile(pipe, { signal: stop.signal }).catch(() => {}),
      ),
    );
    const value = await user.run(() => p99(() => impersonateFs.stat(readable), once ? 10 : 20_000));
    const during = `with ${hung} calls of another user in a FIFO`;
    figures.push({ name: during, value, unit: 'µs' });
    for (const [name, work] of Object.entries(workOfTheProcess(readable)))
      own.push({ name: `${name}, ${during}`, value: await p99(work, once ? 10 : 5000), unit: 'µs' });
    stop.abort();
    await Promise.all(calls);
    // The system returns from the calls when the pipe is opened.
    const writer = nodeFs.openSync(pipe, 'r+');
    await new Promise((resolve) => setTimeout(resolve, 20));
    nodeFs.closeSync(writer);
  }
  yield { title: "the 99th percentile of a user's stat", figures };
  yield { title: 'the 99th percentile of what the process does on its own threads', figures: own };
  user.close();
  other.close();
  nodeFs.rmSync(folder, { recursive: true });
}

const workOfTheProcess = (readable) => ({
  'fs.promises.stat': () => nodeFs.promises.stat(readable),
  'dns.lookup': () => lookup('localhost'),
  'crypto.randomBytes': () => randomBytes(16),
});

async function p99(work, count) {
  const times = [];
  for (let i = 0; i < count; i++) {
    const start = performance.now();
    await work();
    times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  return Math.round(times[Math.floor(count * 0.99)] * 1000);
}
