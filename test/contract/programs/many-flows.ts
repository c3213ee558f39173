// many-flows.js FOLDER MODE SEED FLOWS STEPS: runs flows of two users at once, with random steps whose access the kernel
// (or the witness) checks. Prints the errors as JSON. MODE 'fs' uses impersonate/fs, 'node' node:fs, and 'unrouted'
// node:fs with impersonate/unrouted only.
import { EventEmitter, once } from 'node:events';
import nodeFs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setImmediate as immediate, setTimeout as timeout } from 'node:timers/promises';
import type * as impersonateFs from 'impersonate/fs';
import { Token, runSync } from 'impersonate/unrouted';
import { world, type Identity } from '../../support/world/world';

const [folder = '', mode = 'fs', seed = '1', flowCount = '1000', stepCount = '12'] = process.argv.slice(2);
const routed = mode === 'unrouted' ? undefined : (require('impersonate/fs') as typeof impersonateFs);
const [fs, streams] = mode === 'fs' && routed ? [routed, routed] : [nodeFs.promises, nodeFs];

/** The same numbers for the same seed (mulberry32). */
function randomOf(start: number): (below: number) => number {
  let state = start;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const wrong: string[] = [];
const users = [world.alice, world.bob] as const;
const homeOf = (who: Identity): string => path.join(folder, who.key);
const fileOf = (who: Identity): string => path.join(homeOf(who), 'file');

for (const who of users) {
  nodeFs.mkdirSync(homeOf(who));
  nodeFs.writeFileSync(fileOf(who), `of ${who.key}`);
  world.own(fileOf(who), who);
  world.own(homeOf(who), who);
}

const denied = (error: unknown): boolean =>
  ['EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '');

async function refused(work: Promise<unknown>): Promise<boolean> {
  try {
    await work;
    return false;
  } catch (error) {
    if (!denied(error)) throw error;
    return true;
  }
}

async function textOf(stream: NodeJS.ReadableStream): Promise<string> {
  let text = '';
  for await (const part of stream) text += String(part);
  return text;
}

const echo = net.createServer((socket) => {
  if (Token.current().user.id !== world.serviceId) wrong.push('a connection was served in a flow');
  socket.pipe(socket);
});

async function throughSocket(): Promise<void> {
  const socket = net.connect((echo.address() as net.AddressInfo).port, '127.0.0.1');
  socket.end('x');
  await textOf(socket);
}

interface Step {
  readonly who: Identity;
  readonly other: Identity;
  readonly name: string;
  readonly random: (below: number) => number;
  /** Records a step with a wrong outcome. */
  check(right: boolean, what: string): void;
}

const steps: ((step: Step) => Promise<void>)[] = [
  async () => {
    await Promise.resolve();
  },
  async ({ random }) => {
    await timeout(random(4));
  },
  async () => {
    await immediate();
  },
  async () => {
    const emitter = new EventEmitter();
    process.nextTick(() => emitter.emit('event'));
    await once(emitter, 'event');
  },
  throughSocket,
  async ({ who, check }) => {
    check((await fs.readFile(fileOf(who), 'utf8')) === `of ${who.key}`, 'its own file');
  },
  async ({ other, check }) => {
    check(await refused(fs.readFile(fileOf(other), 'utf8')), "the other's file was read");
  },
  async ({ other, check }) => {
    check(await refused(fs.readdir(homeOf(other))), "the other's folder was listed");
  },
  async ({ who, check }) => {
    check((await fs.readdir(homeOf(who))).includes('file'), 'its own folder');
  },
  async ({ who, check }) => {
    check((await textOf(streams.createReadStream(fileOf(who)))) === `of ${who.key}`, 'its own stream');
  },
  async ({ other, check }) => {
    check(await refused(textOf(streams.createReadStream(fileOf(other)))), "the other's file was streamed");
  },
  async ({ who, other, name, check }) => {
    const mine = path.join(homeOf(who), name);
    await pipeline([name], streams.createWriteStream(mine));
    check((await fs.readFile(mine, 'utf8')) === name, 'what it wrote');
    check(await refused(fs.rename(mine, path.join(homeOf(other), name))), "it moved a file to the other's");
    await fs.unlink(mine);
  },
  async ({ who, check }) => {
    await using file = await fs.open(fileOf(who));
    await immediate();
    check((await file.readFile('utf8')) === `of ${who.key}`, 'its own handle');
  },
  async ({ who, other, check }) => {
    const seen = runSync(() => [world.whoAmI(), world.canOpen(who), world.canOpen(other)].join());
    check(seen === `${who.id},true,false`, `by the kernel: ${seen}`);
    await Promise.resolve();
  },
];

async function flow(index: number): Promise<void> {
  const random = randomOf(Number(seed) * 100_003 + index);
  const who = users[index % 2 === 0 ? 0 : 1];
  const other = users[index % 2 === 0 ? 1 : 0];
  for (let count = 0; count < Number(stepCount); count++) {
    const kind = random(steps.length);
    const check = (right: boolean, what: string): void => {
      if (!right) wrong.push(`flow ${String(index)} of ${who.key}, step ${String(count)}: ${what}`);
    };
    await steps[kind]?.({ who, other, name: `${String(index)}-${String(count)}`, random, check });
    check(Token.current().user.id === who.id, 'Token.current()');
    check(world.whoAmI() === world.serviceId, 'the thread');
  }
}

async function main(): Promise<void> {
  await once(echo.listen(0, '127.0.0.1'), 'listening');
  const tokens = await Promise.all(users.map((who) => who.token()));
  const flows = Array.from({ length: Number(flowCount) }, (_, index) => {
    const token = tokens[index % 2] as Token;
    return token.run(flow, index).catch((error: unknown) => {
      wrong.push(`flow ${String(index)}: ${String((error as Error).stack)}`);
    });
  });
  // Like a careless caller: the flows go on.
  for (const token of tokens) token.close();
  await Promise.all(flows);
  echo.close();
  console.log(JSON.stringify({ flows: flows.length, wrong: wrong.slice(0, 5), wrongCount: wrong.length }));
}

void main();
