import process from 'node:process';

/**
 * Returns the test environment of this platform: `port`; `alice` and `bob`, users to act as; `personWithGroups(count)`;
 * `logon`, the argument of Token.logon for one of them; `readable`, a file that they can read; `floor`, the addon of
 * benchmarks/native. A person has a `name`, `token()`, which creates a token, and the sides of floors.mjs.
 */
export async function openWorld() {
  const { world } = await import(process.platform === 'win32' ? './win32.mjs' : './linux.mjs');
  return world;
}
