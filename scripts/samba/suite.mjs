import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { kerberosEnvironment } from '../kdc/environment.mjs';
import { testUsers } from '../linux-users/accounts.mjs';
import { findMeans } from '../linux-users/means.mjs';
import { linuxNodeFolder, windowsNode } from '../rig/npm-packages.mjs';
import { withScratch } from '../rig/scratch.mjs';
import { buildPackage, buildWin32 } from '../suites/build.mjs';
import { runJest } from '../suites/jest.mjs';
import { runToEnd } from '../support/run-to-end.mjs';
import { sambaTree } from './tree.mjs';

const inDomain = fileURLToPath(new URL('in-domain.sh', import.meta.url));
const namespaces = [
  '--mount',
  '--propagation=private',
  '--pid',
  '--fork',
  '--kill-child',
  '--mount-proc',
  '--net',
];
const timeoutSeconds = 600;
/** The users of all tests, and two that the directory does not let services act for. */
const users = [...testUsers, ...['imp-sensitive', 'imp-protected'].map((name) => ({ name, groups: [] }))];

/** Returns the reason why no domain controller can run here; '' if one can. */
function obstacle() {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'It runs on Linux (x64) only.';
  if (process.getuid() !== 0) {
    return 'It needs root with CAP_SYS_ADMIN and CAP_NET_ADMIN, for namespaces in which a domain controller runs as root.';
  }
  return findMeans(users).reason ?? '';
}

function requireNone(reason = '') {
  if (reason) throw new Error(`A domain controller cannot run here. ${reason}`);
}

/**
 * Builds what is needed and runs the tests of test/samba with Node.js of a major version, for Windows and for Linux. A
 * domain controller runs next to them in private namespaces, and its processes and files end with these. Resolves to
 * { passed, failed, skipped }. Rejects with the reason if no domain controller can run here.
 */
export async function testWithSamba({ major, filters = [] }) {
  requireNone(obstacle());
  const { tree } = await sambaTree();
  await windowsNode(major);
  const node = path.join(await linuxNodeFolder(major), 'bin', 'node');
  buildPackage();
  buildWin32();
  requireNone(kerberosEnvironment().IMPERSONATE_TEST_KERBEROS_SKIP);
  const enter = ['setpriv', '--pdeathsig', 'KILL', 'unshare', ...namespaces, 'bash', inDomain, tree];
  return withScratch(os.tmpdir(), 'impersonate-samba-', (scratch) => {
    const env = { IMPERSONATE_TEST_MAJOR: String(major), TMPDIR: scratch };
    const start = (args) => {
      const [program, ...rest] = [...enter, ...findMeans(users).command(node, args)];
      return runToEnd(program, rest, { env, timeoutSeconds });
    };
    return runJest(start, { config: 'test/samba/jest.config.cjs', filters });
  });
}
