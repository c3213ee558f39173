import { createRequire } from 'node:module';
import { Token } from '../product.mjs';
import { floors } from './floors.mjs';
import { nameWithGroups } from './users.mjs';

const floor = createRequire(import.meta.url)('../native/build/Release/floor.node');

// The password of a temporary account: scripts/linux-users/accounts.mjs.
const passwordOfBob = 'a-password-of-bob-Yc5Jf1Qe';

async function person(name) {
  const token = await Token.forUser(name);
  const { uid } = token.user;
  const groups = token.groups.map((group) => group.gid);
  const [gid] = groups;
  // In ascending order, so that the kernel has nothing to sort.
  const sorted = Uint32Array.from(groups).sort();
  token.close();
  return {
    name,
    ids: { uid, gid, groups: sorted },
    token: () => Token.forUser(name),
    ...floors(floor, uid, gid, sorted),
  };
}

export const world = {
  port: 'linux',
  floor,
  alice: await person('imp-alice'),
  bob: await person('imp-bob'),
  personWithGroups: (count) => person(nameWithGroups(count)),
  logon: { user: 'imp-bob', password: passwordOfBob, service: 'impersonate' },
  readable: '/etc/passwd',
};
