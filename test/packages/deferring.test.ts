import { join } from 'node:path';
import { deferringKinds, handedTo, waysOf } from '../support/children/deferring';
import { root } from '../support/paths';
import { describeSwitching } from '../support/world/acting';

const project = join(root, 'test', 'packages');
const cases = deferringKinds().flatMap((kind) => waysOf(kind).packages.map((name) => [name, kind] as const));

describeSwitching('packages that put off work run each piece in the flow that handed it in', () => {
  test.each(cases)('%s: %s', async (name, kind) => {
    // Some versions have functions by import() only.
    const load = `await (async () => { try { return load(name); } catch { return import(require('node:url').pathToFileURL(load.resolve(name))); } })()`;
    const { right, wrong } = await handedTo(kind, name, { project, load });
    expect(wrong).toEqual([]);
    expect(right).toEqual(waysOf(kind).names);
  });
});
