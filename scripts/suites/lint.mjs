import process from 'node:process';
import { capture } from '../support/run.mjs';

/** Runs every check of lint. Each counts as a test. Resolves to { passed, failed, skipped }. */
export async function lint() {
  const { code, output } = await capture(process.execPath, ['scripts/lint.mjs']);
  process.stdout.write(output);
  const outcomes = [...output.matchAll(/^\w.*? (ok|FAILED)(?= |$)/gm)].map(([, outcome]) => outcome);
  const failed = outcomes.filter((outcome) => outcome === 'FAILED').length;
  return { passed: outcomes.length - failed, failed: failed === 0 && code !== 0 ? 1 : failed, skipped: 0 };
}
