import process from 'node:process';

/**
 * What cases know of the system they run on: `port`; `alice` and `bob`, people to act as; `personWithGroups(count)`;
 * `logon`, what Token.logon takes for one of them; `readable`, a file of theirs; `floor`, the addon of
 * benchmarks/native. A person has a `name`, `token()`, which makes a token of its own, and the sides of floors.mjs.
 */
export async function openWorld() {
  const { world } = await import(process.platform === 'win32' ? './win32.mjs' : './linux.mjs');
  return world;
}
