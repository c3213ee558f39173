import process from 'node:process';
import path from 'node:path';
import { refusedUsers, testUsers } from '../linux-users/accounts.mjs';
import { kerberosEnvironment } from '../kdc/environment.mjs';
import { findMeans } from '../linux-users/means.mjs';
import { runToEnd } from '../support/run-to-end.mjs';
import { withUsers } from '../linux-users/with-users.mjs';
import { linuxNodeFolder } from '../rig/npm-packages.mjs';
import { runJest } from './jest.mjs';

const timeoutSeconds = 1200;
const users = [...testUsers, ...refusedUsers];

/**
 * Runs the built Linux tests with this node, or that of a major version. Where this process may not have users made
 * for the tests, those that need them are skipped, with the reason printed; `write(text)` gets which files took longest. Resolves to { passed, failed, skipped }.
 */
export async function testLinux({ major, filters = [], write }) {
  const node = major ? path.join(await linuxNodeFolder(major), 'bin', 'node') : process.execPath;
  const { reason } = findMeans(users);
  if (reason) console.log(`Tests that act as a user are skipped. ${reason}`);
  const start = reason
    ? (args) => runToEnd(node, args, { env: { IMPERSONATE_TEST_SKIP: reason }, timeoutSeconds })
    : (args) => withUsers(users, node, args, { env: userEnvironment(), timeoutSeconds });
  return runJest(start, { filters, write });
}

const userEnvironment = () => ({ IMPERSONATE_TEST_USERS: '1', ...kerberosEnvironment() });
