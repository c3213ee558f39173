// node scripts/demo.mjs
// Installs and builds what the demo needs and runs it (demo/main.mjs), on Linux with temporary users.
import process from 'node:process';
import { testUsers } from './linux-users/accounts.mjs';
import { hasCapabilities } from './linux-users/capabilities.mjs';
import { findMeans } from './linux-users/means.mjs';
import { withUsers } from './linux-users/with-users.mjs';
import { buildPackage } from './suites/build.mjs';
import { runToEnd } from './support/run-to-end.mjs';

const program = 'demo/main.mjs';
// Accounts of every Linux system, for a service that may act as users but not create any.
const systemUsers = ['daemon', 'bin'];

const withoutUsers = `A process without root may also act as users that exist already (${systemUsers.join(' and ')}), as a service
should: with the capabilities CAP_SETUID and CAP_SETGID. In a systemd unit: AmbientCapabilities=CAP_SETUID CAP_SETGID;
for a node of its own: sudo setcap cap_setuid,cap_setgid+ep NODE`;

/** Returns a function that runs the demo and resolves to its exit code; null if the demo cannot run here. */
function means() {
  if (process.platform === 'win32') return () => runToEnd(process.execPath, [program]);
  const { reason } = findMeans(testUsers);
  const names = testUsers.map(({ name }) => name);
  if (!reason && process.getuid() !== 0)
    console.log('Below, root is the root of a user namespace of your own.\n');
  if (!reason) return () => withUsers(testUsers, process.execPath, [program, ...names]);
  if (hasCapabilities('setuid', 'setgid')) return () => runToEnd(process.execPath, [program, ...systemUsers]);
  console.error(
    `The demo acts as two users, and this process lacks the rights.\n${reason}.\n${withoutUsers}`,
  );
  return null;
}

async function main() {
  const demo = means();
  if (demo === null) return 1;
  buildPackage();
  return (await demo()) ?? 1;
}

main().then(
  (code) => (process.exitCode = code),
  (error) => {
    console.error(error.message);
    process.exitCode = 1;
  },
);
