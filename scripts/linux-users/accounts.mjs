import { readFileSync } from 'node:fs';

const highestId = 59_999;

// Of throw-away passwords, which test/support/world/linux.ts has: crypt(3) with SHA-512, quick to check.
const hashOfAlice =
  '$6$rounds=1000$impersonate$3RqUwvOHThhH/P.k46qD9A6yJ4120NLg3xDHCbMuHfU4tMhiTtMVjD4IlPHW6JVp9xi7cyZK8bzeHW4odXqoO/';
const hashOfBob =
  '$6$rounds=1000$impersonate$c/t5fPcy.l6nEYgkFo1Rmq.dWXq2w9apuAKXK2HXMWfzGDaSOOo8JqQIX9C.A2ZitFz3z0OtWSLOhicpC.6x70';

/** The users of the tests and of the demo. */
export const testUsers = [
  { name: 'imp-alice', groups: ['imp-staff'], hash: hashOfAlice },
  { name: 'imp-bob', groups: ['imp-sales'], hash: hashOfBob },
];

/** Bob's password on accounts that may not log on; `aging` is what /etc/shadow has behind the hash. */
export const refusedUsers = [
  { name: 'imp-expired', groups: [], hash: hashOfBob, aging: '20000:0:99999:7::1:' },
  { name: 'imp-outdated', groups: [], hash: hashOfBob, aging: '0:0:99999:7:::' },
  { name: 'imp-locked', groups: [], hash: `!${hashOfBob}` },
  { name: 'imp-open', groups: [], hash: '' },
];

/**
 * The lines by which /etc/passwd, /etc/group and /etc/shadow come to know these users, each with a group of its own
 * name, and their further groups. Every id is one that neither file uses.
 */
export function accountLines(users) {
  const ids = freeIds();
  const idOf = new Map();
  const own = users.map((user) => ({ ...user, id: ids.next().value }));
  for (const { groups } of users) {
    for (const group of groups) if (!idOf.has(group)) idOf.set(group, ids.next().value);
  }
  const members = (group) => own.filter(({ groups }) => groups.includes(group)).map(({ name }) => name);
  return {
    passwd: own.map(({ name, id }) => `${name}:x:${id}:${id}::/nonexistent:/usr/sbin/nologin`).join('\n'),
    group: [
      ...own.map(({ name, id }) => `${name}:x:${id}:`),
      ...[...idOf].map(([group, id]) => `${group}:x:${id}:${members(group).join(',')}`),
    ].join('\n'),
    shadow: own
      .map(({ name, hash = '!', aging = '20000:0:99999:7:::' }) => `${name}:${hash}:${aging}`)
      .join('\n'),
  };
}

function* freeIds() {
  const taken = new Set([
    ...column('/etc/passwd', 2),
    ...column('/etc/passwd', 3),
    ...column('/etc/group', 2),
  ]);
  for (let id = highestId; id > 0; id--) if (!taken.has(String(id))) yield id;
  throw new Error(`no user id up to ${highestId} is free`);
}

const column = (file, index) =>
  readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => line.split(':')[index]);
