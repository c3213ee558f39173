// Runs walks: one per line of standard input, as JSON, with the outcome on a line of standard output. Ends after a failed
// walk, since the identity of its threads is unknown. The argument `pinned` adds two threads that are users for life.
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import readline from 'node:readline';
import { ImpersonatedWorker, Token } from 'impersonate';
import { asProcessFirst } from '../../support/children/impersonated-worker';
import { tempFolder } from '../../support/folders';
import { credentialsNow } from '../../support/walk/people';
import { owners, type AsyncStep, type Name, type Owner, type SyncStep } from '../../support/walk/steps';
import { Walker, type Setting } from '../../support/walk/walker';
import { world } from '../../support/world/world';
import type { ThreadStart } from './walk-thread';

const isLinux = process.platform === 'linux';

async function makeTokens(): Promise<Map<Name, Token>> {
  const [alice, bob] = await Promise.all([world.alice.token(), world.bob.token()]);
  const less = isLinux ? { dropGroups: true as const } : { removePrivileges: ['SeShutdownPrivilege'] };
  return new Map<Name, Token>([
    ['alice', alice],
    ['bob', bob],
    ['aliceWithLess', alice.restrict(less)],
    ['bobAgain', bob.duplicate()],
    ['anonymous', Token.anonymous()],
    ['service', Token.process()],
  ]);
}

function makeFiles(): Record<Owner, string> {
  const folder = tempFolder('walk');
  const made = owners.map((owner) => {
    const file = join(folder, owner);
    writeFileSync(file, `of ${owner}`);
    world.own(file, owner === 'service' ? owner : world[owner]);
    return [owner, file] as const;
  });
  return Object.fromEntries(made) as Record<Owner, string>;
}

type Outcome = { readonly steps: number } | { readonly failure: string };

/** Starts a pinned thread; resolves to a function that runs steps on it and resolves to their number. */
async function startThread(name: 'alice' | 'bob', { tokens, files, base }: Setting) {
  const token = tokens.get(name) as Token;
  const start: ThreadStart = {
    tickets: [...tokens].map(([other, of]) => [other, of.share()] as const),
    files,
    base,
    pinned: name,
  };
  const worker = new ImpersonatedWorker(join(__dirname, 'walk-thread.js'), {
    token,
    workerData: start,
    execArgv: asProcessFirst,
    env: process.env,
  });
  worker.unref();
  await once(worker, 'message');
  let last: Promise<unknown> = Promise.resolve();
  return (body: SyncStep[]): Promise<number> => {
    const result = last.then(async () => {
      worker.postMessage(body);
      const [outcome] = (await once(worker, 'message')) as [Outcome];
      if ('failure' in outcome) throw new Error(`on the thread of ${name}: ${outcome.failure}`);
      return outcome.steps;
    });
    last = result.catch(() => {});
    return result;
  };
}

async function outcomeOf(walk: AsyncStep[], setting: Setting): Promise<Outcome> {
  const walker = new Walker(setting);
  try {
    await walker.walk(walk);
    return { steps: walker.steps };
  } catch (error) {
    return { failure: String((error as Error).stack) };
  }
}

async function main(): Promise<void> {
  const setting: Setting = { tokens: await makeTokens(), files: makeFiles(), base: credentialsNow() };
  const threads = process.argv[2] === 'pinned' ? (['alice', 'bob'] as const) : [];
  const started = await Promise.all(threads.map((name) => startThread(name, setting)));
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const walk = JSON.parse(line) as AsyncStep[];
    const outcome = await outcomeOf(walk, started.length > 0 ? { ...setting, threads: started } : setting);
    process.stdout.write(`${JSON.stringify(outcome)}\n`);
    if ('failure' in outcome) process.exit(1);
  }
  process.exit();
}

void main();
