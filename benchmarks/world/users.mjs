import { testUsers } from '../../scripts/linux-users/accounts.mjs';

export const groupCounts = [0, 16, 1000];

const groups = (count) => Array.from({ length: count }, (_, index) => `imp-of-${count}-${index}`);

/** The users of the tests, and one for each number of groups. */
export const benchmarkUsers = [
  ...testUsers,
  ...groupCounts.map((count) => ({ name: nameWithGroups(count), groups: groups(count) })),
];

/** Returns the name of the user who is in this many groups, besides the user's own group. */
export function nameWithGroups(count) {
  return `imp-in-${count}`;
}
