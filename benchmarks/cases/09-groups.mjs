import { runSyncs } from '../scopes/hot.mjs';
import { groupCounts } from '../world/users.mjs';

/** Scopes by the number of the user's groups. */
export default async function* comparisons({ personWithGroups }) {
  for (const count of groupCounts) {
    const person = await personWithGroups(count);
    const token = await person.token();
    yield {
      title: `runSync of a user in ${count.toLocaleString('en')} groups`,
      sides: [person.pair, person.checkedPair, { name: 'runSync', work: (calls) => runSyncs(token, calls) }],
    };
    token.close();
  }
}
