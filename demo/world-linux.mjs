import { readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { Token } from 'impersonate';
import { makeFolder } from './folder.mjs';

// The credentials of the calling thread, read without this package.
const whoAmI = () => `uid ${process.geteuid()} groups ${process.getgroups().toSorted().join(',')}`;

/** Creates a file for each of two users of this system and for the service. Only its owner may read a file. */
export async function makeWorld(names) {
  const folder = makeFolder();
  const write = (name) => () => writeFileSync(path.join(folder, name), `the file ${name}`, { mode: 0o600 });
  const users = [];
  for (const name of names) {
    const token = await Token.forUser(name);
    token.runSync(write(`${name}.txt`));
    const groups = token.groups.map(({ gid }) => gid);
    users.push({ name, token, is: `uid ${token.user.uid} groups ${groups.toSorted().join(',')}` });
  }
  write('service.txt')();
  const serviceReadsAll = readsAnything();
  return {
    folder,
    users,
    whoAmI,
    serviceIs: whoAmI(),
    files: [...names, 'service'].map((owner) => ({
      name: `${owner}.txt`,
      readers: [owner],
      service: serviceReadsAll || owner === 'service',
    })),
    ownerOf: (name) => `uid ${statSync(path.join(folder, name)).uid}`,
  };
}

/** Returns whether the service has CAP_DAC_OVERRIDE or CAP_DAC_READ_SEARCH, as root has. */
function readsAnything() {
  const [, mask] = /^CapEff:\s*(\w+)$/m.exec(readFileSync('/proc/self/status', 'utf8'));
  return (BigInt(`0x${mask}`) & 0b110n) !== 0n;
}
