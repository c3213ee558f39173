import { handedTo, waysOf } from '../support/children/deferring';
import { describeSwitching } from '../support/world/acting';

describeSwitching('packages that put off work run each piece in the flow that handed it in', () => {
  test.each([
    ['bluebird', 'bluebird'],
    ['async-lock', 'async-lock'],
    ['p-queue', 'p-queue-6'],
    ['p-limit', 'p-limit'],
    ['fastq', 'fastq'],
    ['async', 'async/queue'],
    ['async (all)', 'async'],
    ['pg', 'pg'],
  ])('%s (%s)', async (kind, name) => {
    const { right, wrong } = await handedTo(kind, name);
    expect(wrong).toEqual([]);
    expect(right).toEqual(waysOf(kind).names);
  });
});
