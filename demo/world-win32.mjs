import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Token } from 'impersonate';
import { makeFolder } from './folder.mjs';

const sids = {
  everyone: 'S-1-1-0',
  system: 'S-1-5-18',
  administrators: 'S-1-5-32-544',
  users: 'S-1-5-32-545',
};
const traverse = 'SeChangeNotifyPrivilege';

// The token of the calling thread, as the kernel reports it.
const whoAmI = () => describe(Token.thread() ?? Token.process());

/**
 * Creates two users without a password: each is a restricted copy of this process's token. `member` has no privileges,
 * `guest` also lacks one group. The access control list of each file admits only some of service, member and guest.
 */
export function makeWorld() {
  const self = Token.process();
  const group = [sids.administrators, sids.users].find((sid) => self.groups.some(({ id }) => id === sid));
  if (!group)
    throw new Error('This process is in neither Administrators nor Users: there is no group to remove');
  const removePrivileges = self.privileges.map(({ name }) => name).filter((name) => name !== traverse);
  const weaker = (name, denyOnly) => ({
    name,
    token: self.restrict({ removePrivileges, ...(denyOnly.length > 0 && { denyOnly }) }),
    is: describe(expected(self, removePrivileges, denyOnly)),
  });
  const folder = makeFolder();
  const files = [
    { name: 'everyone.txt', sid: sids.everyone, readers: ['member', 'guest'], service: true },
    { name: 'group.txt', sid: group, readers: ['member'], service: true },
    { name: 'system.txt', sid: sids.system, readers: [], service: false },
  ];
  for (const { name, sid } of files) writeFor(sid, path.join(folder, name));
  const isEnforced = !canRead(path.join(folder, 'system.txt'));
  return {
    folder,
    users: [weaker('member', []), weaker('guest', [group])],
    whoAmI,
    serviceIs: whoAmI(),
    files: isEnforced ? files : [],
    notes: [
      anonymousNote(),
      ...(isEnforced ? [] : ['File access is not checked here (as under Wine), so no files are shown.']),
    ],
  };
}

/** Writes a file that only this account may read. The owner may still delete it through the folder. */
function writeFor(sid, file) {
  writeFileSync(file, `the file ${path.basename(file)}`);
  execFileSync('icacls', [file, '/inheritance:r', '/grant', `*${sid}:(R)`], { stdio: 'ignore' });
}

function canRead(file) {
  try {
    readFileSync(file);
    return true;
  } catch {
    return false;
  }
}

function anonymousNote() {
  try {
    Token.anonymous().close();
    return 'Token.anonymous(): available.';
  } catch (error) {
    return `Token.anonymous(): not available here (${error.code}).`;
  }
}

function expected(self, removed, denied) {
  const isDenied = ({ id }) => denied.includes(id);
  return {
    user: self.user,
    groups: self.groups.filter((group) => !isDenied(group)),
    denyOnlyGroups: [...self.denyOnlyGroups, ...self.groups.filter(isDenied)],
    privileges: self.privileges.filter(({ name }) => !removed.includes(name)),
  };
}

const describe = ({ user, groups, denyOnlyGroups, privileges }) =>
  `${user.id}: ${groups.length} groups, ${denyOnlyGroups.length} deny-only, ${privileges.length} privileges`;
