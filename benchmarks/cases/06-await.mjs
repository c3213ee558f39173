import { remote } from '../runner/remote.mjs';

/** The cost of an await, in processes that have opened a `using` scope before and in ones that have not. */
export default async function* comparisons() {
  const fresh = await remote('awaits', { args: ['fresh'] });
  const opened = await remote('awaits', { args: ['opened'] });
  yield {
    title: 'an await',
    sides: [
      fresh.side('outside, before any scope', 'outside'),
      fresh.side('in a flow, before any scope', 'inside'),
      opened.side('outside, after a scope', 'outside'),
      opened.side('in a flow, after a scope', 'inside'),
    ],
  };
  fresh.close();
  opened.close();
}
