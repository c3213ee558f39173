import { findMeans } from './means.mjs';
import { runToEnd } from '../support/run-to-end.mjs';

/**
 * Runs a command as root of a private mount namespace in which these users exist (see accounts.mjs), with this
 * process's terminal, in the project's folder. The machine's own files are never written, and the users end with the
 * command. For an ordinary user it is the root of a user namespace.
 * `options` and the result are those of runToEnd. Rejects with the reason if the users cannot be created.
 */
export async function withUsers(users, program, args, options) {
  const means = findMeans(users);
  if (means.reason) throw new Error(means.reason);
  const [first, ...rest] = means.command(program, args);
  return runToEnd(first, rest, options);
}
