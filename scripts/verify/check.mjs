import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { inspect } from 'node:util';

/** The outcome of a check that this computer, or this run, cannot make. */
export class NotShown {
  constructor(why) {
    this.why = why;
  }
}

export const notShown = (why) => new NotShown(why);

/** A check that never runs: it is listed, so that nobody takes it for verified. */
export const never = (what, why) => ({ what, run: () => notShown(why) });

const denial = /^(?:EACCES|EPERM)$/;

/** Returns the code of the error that `work` throws or rejects with. Fails if there is none, and closes the result. */
export async function codeOf(work) {
  try {
    const result = await work();
    result?.close?.();
  } catch (error) {
    if (error.code === undefined) throw error;
    return error.code;
  }
  throw new assert.AssertionError({ message: 'done, and not denied' });
}

/** Fails unless the system denies the access. */
export async function assertDenied(work, what) {
  assert.match(await codeOf(work), denial, what);
}

/** The same for synchronous work, in a scope. */
export function assertDeniedSync(work, what) {
  let code = 'done';
  try {
    work();
  } catch (error) {
    code = error.code;
  }
  assert.match(String(code), denial, what);
}

// What cannot be an answer of Windows: a mistake in the verification itself.
const isMistake = (error) =>
  !(error instanceof assert.AssertionError) &&
  (error instanceof ReferenceError || error instanceof SyntaxError || error instanceof TypeError);

const patience = 60_000;

/** Calls `work`, which must end in a minute: a client that never arrives is a failure, and no reason to wait. */
async function inTime(work) {
  const timer = new AbortController();
  const late = delay(patience, undefined, { signal: timer.signal }).then(() => {
    throw new Error(`no end within ${patience / 1000} s`);
  });
  try {
    return await Promise.race([work(), late]);
  } finally {
    timer.abort();
    late.catch(() => {});
  }
}

/**
 * Runs a check and returns { result, evidence, here }. In a rehearsal nothing is verified: `result` is `rehearsed`, or
 * `not shown` for what Wine cannot show. `here` is then what came out of it.
 */
export async function runCheck(check, world) {
  const good = world.rehearsal ? 'rehearsed' : 'verified';
  const unshown = (here) => ({ result: 'not shown', evidence: `Wine: ${check.wine}`, here });
  const excused = world.rehearsal && check.wine !== undefined;
  try {
    const outcome = await inTime(async () => check.run(world));
    if (outcome instanceof NotShown) return { result: 'not shown', evidence: outcome.why };
    return excused ? unshown(outcome) : { result: good, evidence: outcome };
  } catch (error) {
    if (excused && !isMistake(error)) return unshown(textOf(error));
    return { result: 'failed', evidence: textOf(error) };
  }
}

function textOf(error) {
  const { code, syscall, message, generatedMessage, operator = '', actual, expected } = error;
  const [first] = message.split('\n');
  if (code !== 'ERR_ASSERTION') return [code, syscall, first].filter(Boolean).join(' ');
  if (!/^(?:strictEqual|deepStrictEqual|match)$/.test(operator)) return first;
  const instead = `${inspect(actual, { breakLength: Infinity })} instead of ${inspect(expected, { breakLength: Infinity })}`;
  return generatedMessage ? instead : `${first}: ${instead}`;
}
