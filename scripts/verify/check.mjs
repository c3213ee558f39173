import assert from 'node:assert/strict';

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

/** Returns the code of the error that `work` throws or rejects with. Fails if there is none. */
export async function codeOf(work) {
  try {
    await work();
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

/**
 * Runs a check and returns { result, evidence }. In a rehearsal nothing is verified: `result` is `rehearsed`, or
 * `not shown` for what Wine cannot show, whatever came out of it.
 */
export async function runCheck(check, world) {
  const { rehearsal } = world;
  try {
    const outcome = await check.run(world);
    if (outcome instanceof NotShown) return { result: 'not shown', evidence: outcome.why };
    if (rehearsal && check.wine) return { result: 'not shown', evidence: `Wine: ${check.wine}` };
    return { result: rehearsal ? 'rehearsed' : 'verified', evidence: outcome };
  } catch (error) {
    if (rehearsal && check.wine && !isMistake(error)) {
      return { result: 'not shown', evidence: `Wine: ${check.wine}` };
    }
    return { result: 'failed', evidence: firstLine(error) };
  }
}

function firstLine(error) {
  const { code, syscall, message } = error;
  const text = String(message).split('\n')[0];
  return [code === 'ERR_ASSERTION' ? undefined : code, syscall, text].filter(Boolean).join(' ');
}
