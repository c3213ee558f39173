import { readFileSync } from 'node:fs';

const highestId = 59_999;

// Hashes of the temporary passwords in test/support/world/linux.ts: crypt(3) with SHA-512 and few rounds.
const hashOfAlice =
  '$6$rounds=1000$impersonate$3RqUwvOHThhH/P.k46qD9A6yJ4120NLg3xDHCbMuHfU4tMhiTtMVjD4IlPHW6JVp9xi7cyZK8bzeHW4odXqoO/';
const hashOfBob =
  '$6$rounds=1000$impersonate$c/t5fPcy.l6nEYgkFo1Rmq.dWXq2w9apuAKXK2HXMWfzGDaSOOo8JqQIX9C.A2ZitFz3z0OtWSLOhicpC.6x70';

/** The users of the tests and of the demo. */
export const testUsers = [
  { name: 'imp-alice', groups: ['imp-staff'], hash: hashOfAlice },
  { name: 'imp-bob', groups: ['imp-sales'], hash: hashOfBob },
];

/** Returns an account with Bob's password that may not log on. `aging` is the text after the hash in /etc/shadow. */
export const refusedUsers = [
  { name: 'imp-expired', groups: [], hash: hashOfBob, aging: '20000:0:99999:7::1:' },
  { name: 'imp-outdated', groups: [], hash: hashOfBob, aging: '0:0:99999:7:::' },
  { name: 'imp-locked', groups: [], hash: `!${hashOfBob}` },
  { name: 'imp-open', groups: [], hash: '' },
];

/**
 * Returns the lines of these users for /etc/passwd, /etc/group and /etc/shadow. Each user has a group of the same name,
 * and further groups. The ids are unused in both files.
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
