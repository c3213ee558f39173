import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import os from 'node:os';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { findProgram } from '../support/run.mjs';
import { hasCapabilities } from './capabilities.mjs';
import { accountLines } from './accounts.mjs';

const enter = fileURLToPath(new URL('enter.sh', import.meta.url));
const privateMounts = ['unshare', '--mount', '--propagation', 'private'];
const userNamespace = [...privateMounts, '--user', '--map-root-user', '--map-auto'];
const rangeSize = 65_536;

const grant = 'Run as root with CAP_SYS_ADMIN';

/**
 * Finds out how this process can run a command with these users, by switching to one of them. Returns
 * { command(program, args) }, which returns the whole command line, or { reason }, which says what is missing.
 */
export function findMeans(users) {
  const { passwd, group, shadow } = accountLines(users);
  const isRoot = process.getuid() === 0;
  const prerequisite = isRoot ? rootProblem() : userNamespaceProblem();
  if (prerequisite) return { reason: prerequisite };
  const entry = [...(isRoot ? privateMounts : userNamespace), 'sh', enter, passwd, group, shadow];
  const problem = probe(entry, users[0].name);
  if (problem) return { reason: explain(isRoot, problem) };
  return { command: (program, args) => [...entry, program, ...args] };
}

function rootProblem() {
  if (hasCapabilities('sys_admin', 'setuid', 'setgid')) return '';
  return (
    'This root user lacks the capabilities to create users in a private mount namespace. ' +
    'Grant CAP_SYS_ADMIN, CAP_SETUID and CAP_SETGID (in a container: --cap-add SYS_ADMIN)'
  );
}

function userNamespaceProblem() {
  const missing = ['newuidmap', 'newgidmap'].filter((program) => findProgram(program) === null);
  if (missing.length > 0) return `No ${missing.join(', ')}. ${grant}, or install it: apt-get install uidmap`;
  const { username, uid } = os.userInfo();
  const short = ['uid', 'gid'].filter((kind) => subordinateIds(`/etc/sub${kind}`, username, uid) < rangeSize);
  if (short.length === 0) return '';
  const options = short.map((kind) => `--add-sub${kind}s 1000000-${1_000_000 + rangeSize - 1}`);
  const files = short.map((kind) => `/etc/sub${kind}`).join(' and ');
  return (
    `${username} has no ${rangeSize} subordinate ids in ${files}. ${grant}, ` +
    `or grant them (an unused range): usermod ${options.join(' ')} ${username}`
  );
}

/** Returns the size of the user's largest range in a file like /etc/subuid. */
function subordinateIds(file, username, uid) {
  const lines = readText(file).split('\n');
  const own = lines
    .map((line) => line.split(':'))
    .filter(([owner]) => owner === username || owner === String(uid));
  return Math.max(0, ...own.map(([, , count]) => Number(count)));
}

function readText(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** Returns the reason why a command in the namespace could not switch to this user; '' if it could. */
function probe(entry, name) {
  const becomeUser = ['setpriv', `--reuid=${name}`, `--regid=${name}`, '--init-groups', 'id', '-un'];
  const [program, ...args] = [...entry, ...becomeUser];
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8' });
  if (error) return error.message;
  if (status === 0 && stdout.trim() === name) return '';
  return stderr.trim() || `the user database does not return ${name} from /etc/passwd (/etc/nsswitch.conf)`;
}

function explain(isRoot, problem) {
  if (isRoot) {
    return (
      `Users cannot be created in a private mount namespace: ${problem}. Grant what the message names; ` +
      'inside a user namespace also a range of 60,000 ids (/proc/self/uid_map and gid_map)'
    );
  }
  return (
    `A user namespace cannot be created: ${problem}. ${grant}, or allow user namespaces ` +
    '(sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone, ' +
    'kernel.apparmor_restrict_unprivileged_userns; in a container: its seccomp profile)'
  );
}
