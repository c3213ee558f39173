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

// What the kernel says of the calling thread.
const whoAmI = () => describe(Token.thread() ?? Token.process());

/**
 * Needs nobody's password: the users are this process's own token made weaker. `member` has lost its privileges, `guest`
 * also one group. Only some of service, member and guest may read each file by its access control list.
 */
export function makeWorld() {
  const self = Token.process();
  const group = [sids.administrators, sids.users].find((sid) => self.groups.some(({ id }) => id === sid));
  if (!group)
    throw new Error('This process is in neither Administrators nor Users: there is no group to take away');
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
  const asked = !canRead(path.join(folder, 'system.txt'));
  return {
    folder,
    users: [weaker('member', []), weaker('guest', [group])],
    whoAmI,
    serviceIs: whoAmI(),
    files: asked ? files : [],
    notes: [
      anonymousNote(),
      ...(asked ? [] : ['Files here open for every token (as under Wine): not shown.']),
    ],
  };
}

/** A file that only this account may read; its owner may still delete it through the folder. */
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
