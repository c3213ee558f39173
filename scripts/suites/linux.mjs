import process from 'node:process';
import path from 'node:path';
import { refusedUsers, testUsers } from '../linux-users/accounts.mjs';
import { kerberosEnvironment } from '../kdc/environment.mjs';
import { findMeans } from '../linux-users/means.mjs';
import { runToEnd } from '../support/run-to-end.mjs';
import { withUsers } from '../linux-users/with-users.mjs';
import { linuxNodeFolder } from '../rig/npm-packages.mjs';
import { runJest } from './jest.mjs';

const timeoutSeconds = 3600;

/** The names of the users of the tests. */
export const suiteUsers = [...testUsers, ...refusedUsers];

/** The environment variable that reports these users to the tests. */
export const suiteEnvironment = () => ({ IMPERSONATE_TEST_USERS: '1', ...kerberosEnvironment() });

/**
 * Runs the built Linux tests with this node, or with one of a major version. If this process may not create users, the
 * tests that need them are skipped and the reason is printed. `shard` is a part of them (jest's --shard), whose output goes
 * to `write(text)`, as the names of the slowest files do. `config` is jest's configuration. Resolves to { passed, failed, skipped }.
 */
export async function testLinux({ major, filters = [], shard, write, config }) {
  const node = major ? path.join(await linuxNodeFolder(major), 'bin', 'node') : process.execPath;
  const { reason } = findMeans(suiteUsers);
  if (reason) console.log(`Tests that act as a user are skipped. ${reason}`);
  const options = { timeoutSeconds, ...(shard && { onOutput: write }) };
  const start = reason
    ? (args) => runToEnd(node, args, { ...options, env: { IMPERSONATE_TEST_SKIP: reason } })
    : (args) => withUsers(suiteUsers, node, args, { ...options, env: suiteEnvironment() });
  return runJest(start, { filters, shard, write, config });
}
