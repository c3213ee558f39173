import { inJobs } from '../scopes/jobs.mjs';
import { compiledUsing, nativeUsing } from '../scopes/using.mjs';

const nothing = () => undefined;
// Large enough that the iteration of the event loop that they share does not matter.
const batch = 64;

/** One scope for each job of the event loop, as in a handler. A `using` scope starts its detectors once per job. */
export default async function* comparisons({ alice }) {
  const token = await alice.token();
  const sides = {
    [alice.pair.name]: () => alice.pair.work(1),
    'a job that does nothing': nothing,
    runSync: () => token.runSync(nothing),
    'try … finally revert()': () => {
      const scope = token.impersonate();
      try {
        nothing();
      } finally {
        scope.revert();
      }
    },
    ...(nativeUsing && { 'using, native': () => nativeUsing.usingScope(token) }),
    'using, by TypeScript': () => compiledUsing.usingScope(token),
  };
  yield {
    title: 'a scope, one per job of the event loop',
    sides: Object.entries(sides).map(([name, work]) => ({
      name,
      batch,
      work: (count) => inJobs(count, work),
    })),
  };
  token.close();
}
