import { readFileSync } from 'node:fs';

const highestId = 59_999;

/** The users of the tests and of the demo. */
export const testUsers = [
  { name: 'imp-alice', groups: ['imp-staff'] },
  { name: 'imp-bob', groups: ['imp-sales'] },
];

/**
 * The lines by which /etc/passwd and /etc/group come to know these users, each with a group of its own name,
 * and their further groups. Every id is one that neither file uses.
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
