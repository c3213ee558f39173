// Random walks over scopes, flows, file jobs, pinned threads, closed tokens and changes of the process's own credentials,
// with a model of the effective identity: after each step it is compared with the kernel. A walk that fails is shrunk and
// printed with its seed. IMPERSONATE_WALK_SEED=N repeats the walks of that seed, and IMPERSONATE_WALK_STEPS=N runs that
// many steps instead of 10,000.
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import readline from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import fc from 'fast-check';
import { endWithoutProgress } from '../support/children/progress';
import { describeSwitching } from '../support/world/acting';
import { walk, type AsyncStep } from '../support/walk/steps';

const program = require.resolve('./programs/walk');
const seed = Number(process.env.IMPERSONATE_WALK_SEED ?? Math.floor(Math.random() * 2 ** 31));
const steps = Number(process.env.IMPERSONATE_WALK_STEPS ?? 10_000);
/** The number of walks of a seed; the next ones have the next seed. */
const walksAtOnce = 50;

/** A process that runs walks until one fails, which may end it. */
class WalkProcess {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #lines: AsyncIterator<string>;
  readonly #closed: Promise<unknown[]>;
  #errors = '';

  constructor(args: readonly string[]) {
    this.#child = spawn(process.execPath, ['--no-warnings', program, ...args], {
      env: { ...process.env, NODE_OPTIONS: '' },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    endWithoutProgress(this.#child, 60_000);
    this.#child.stdin.on('error', () => {}); // reported below
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => (this.#errors += text));
    this.#closed = once(this.#child, 'close');
    this.#lines = readline.createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** The number of steps. */
  async take(steps: AsyncStep[]): Promise<number> {
    this.#child.stdin.write(`${JSON.stringify(steps)}\n`);
    const { value, done } = (await this.#lines.next()) as IteratorResult<string, undefined>;
    if (done) {
      const [code, signal] = await this.#closed;
      throw new Error(`the process ended with ${String(signal ?? code)}\n${this.#errors}`);
    }
    const outcome = JSON.parse(value) as { steps: number } | { failure: string };
    if ('failure' in outcome) throw new Error(outcome.failure);
    return outcome.steps;
  }

  async end(): Promise<void> {
    this.#child.stdin.end();
    await this.#closed;
  }
}

/** Runs walks until they have had enough steps; returns how many. */
async function takeWalks(args: readonly string[], enough: number): Promise<number> {
  let taker: WalkProcess | undefined;
  let taken = 0;
  const property = fc.asyncProperty(walk, async (steps) => {
    taker ??= new WalkProcess(args);
    try {
      taken += await taker.take(steps);
    } catch (error) {
      // A new process for the next walk, so that a walk can be shrunk.
      await taker.end();
      taker = undefined;
      throw error;
    }
  });
  try {
    for (let round = 0; taken < enough; round++) {
      const result = await fc.check(property, { seed: seed + round, numRuns: walksAtOnce });
      if (!result.failed) continue;
      const { counterexample, errorInstance } = result;
      const [smallest] = counterexample ?? [];
      throw new Error(
        `IMPERSONATE_WALK_SEED=${String(seed + round)}\n${JSON.stringify(smallest)}\n${String(errorInstance)}`,
      );
    }
  } finally {
    await taker?.end();
  }
  return taken;
}

describeSwitching(`a walk of ${String(steps)} steps`, () => {
  test.each([
    ['with changes of the process itself', []],
    ['with threads that are users for life', ['pinned']],
  ])('%s: every step runs as the right user', async (_name, args) => {
    expect(await takeWalks(args, steps / 2)).toBeGreaterThanOrEqual(steps / 2);
  });
});
