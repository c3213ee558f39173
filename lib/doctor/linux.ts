import { deferred } from '../internal/deferred';
import { ImpersonationError, withoutAdvice } from '../internal/error';
import { Token } from '../token/token';
import type { IdRange, TrialIds } from '../token/trial';
import type { LinuxFacts } from './doctor';
import { kerberosProblem } from './kerberos';
import { linuxFacts } from './linux-facts';
import type { CapabilityName } from './names';
import { pamProblem } from './pam';
import { type Problem, requiring, type Verdict } from './verdict';

/** A user to act as, the service's own root, and the reserved uid. */
const fewestUids = 3;
const needed = ['CAP_SETUID', 'CAP_SETGID'];
const ambient = 'AmbientCapabilities=CAP_SETUID CAP_SETGID';

const count = (ranges: readonly IdRange[]): number => ranges.reduce((sum, range) => sum + range.count, 0);

/** A user namespace without ids for users. */
function unmapped({ userNamespace: { uids, gids } }: LinuxFacts): Problem | undefined {
  if (count(uids) >= fewestUids && count(gids) > 1) return undefined;
  return {
    because: `the user namespace maps ${count(uids)} uids and ${count(gids)} gids, so it has no users to act as`,
    fix:
      'Map a range of ids: unshare --map-auto, or for rootless containers 65,536 ids of the user in /etc/subuid and ' +
      '/etc/subgid; or run the service outside of a user namespace',
  };
}

function lacking({ capabilities, noNewPrivileges }: LinuxFacts): Problem | undefined {
  const missing = needed.filter((name) => !capabilities.effective.includes(name));
  if (missing.length === 0) return undefined;
  const which = missing.join(' and ');
  const barred = missing.filter((name) => !capabilities.bounding.includes(name));
  if (barred.length > 0)
    return {
      because: `the process lacks ${which}, and its bounding set does not let it get ${barred.join(' and ')}`,
      fix:
        `Add them where the process is started: CapabilityBoundingSet= and ${ambient} (systemd), --cap-add=SETUID ` +
        '--cap-add=SETGID (Docker), securityContext.capabilities.add: [SETUID, SETGID] (Kubernetes)',
    };
  const others = noNewPrivileges
    ? 'start it without no_new_privs (NoNewPrivileges=, no-new-privileges), so that setcap has an effect'
    : 'run setcap cap_setuid,cap_setgid+ep on a copy of node; or run it as root';
  return {
    because: `the process lacks ${which}${noNewPrivileges ? ', and no_new_privs keeps it from getting more rights' : ''}`,
    fix: `Give them to the service: ${ambient} (systemd; setpriv --inh-caps=+setuid,+setgid --ambient-caps=+setuid,+setgid elsewhere); or ${others}`,
  };
}

function setgroupsDenied({ userNamespace }: LinuxFacts): Problem | undefined {
  if (userNamespace.setgroups === 'allow') return undefined;
  return {
    because:
      '/proc/self/setgroups of the user namespace is set to deny, so no thread can get the groups of a user',
    fix: 'Let a privileged program map the gids: newgidmap, unshare --map-auto, or the container engine with /etc/subgid',
  };
}

function ambientFixed({ securebits, capabilities }: LinuxFacts): Problem | undefined {
  if (!securebits.includes('SECBIT_NO_CAP_AMBIENT_RAISE') || capabilities.ambient.length === 0)
    return undefined;
  return {
    because:
      'the process has ambient capabilities, and SECBIT_NO_CAP_AMBIENT_RAISE, with which a thread cannot restore them',
    fix: 'Start the process without that flag: SecureBits= (systemd), setpriv --securebits',
  };
}

function withoutReservedUid({ reservedUid }: LinuxFacts, error: ImpersonationError): Problem | undefined {
  if (reservedUid !== null || error.code !== 'ERR_NO_RESERVED_UID') return undefined;
  return {
    because: withoutAdvice(error),
    fix: 'Set IMPERSONATE_RESERVED_UID to a uid that is mapped and that no account has, or map more uids',
  };
}

/** What a filter or a security module does to the calls. */
function denied({ seccomp }: LinuxFacts, error: ImpersonationError): Problem {
  const because = withoutAdvice(error);
  if (seccomp === 'none')
    return {
      because,
      fix: 'Allow it in the policy of the security module: its log has the denial (ausearch -m avc, dmesg)',
    };
  return {
    because,
    fix:
      'Let the system call filter allow setresuid, setresgid, setgroups and capset: SystemCallFilter=@setuid capset ' +
      "(systemd), the container engine's default seccomp profile",
  };
}

function switchProblem(facts: LinuxFacts, error: ImpersonationError): Problem {
  return (
    unmapped(facts) ??
    lacking(facts) ??
    setgroupsDenied(facts) ??
    ambientFixed(facts) ??
    withoutReservedUid(facts, error) ??
    denied(facts, error)
  );
}

/** Starts a program that does not exist: the error shows whether starting one as a user works. */
function programProblem(ids: TrialIds): Problem | undefined {
  const nowhere = '/impersonate/doctor';
  const token = Token.forIds(ids);
  try {
    const { error } = token.spawnSync(nowhere, [], { cwd: '/', env: {}, stdio: 'ignore' });
    if ((error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') return undefined;
    throw error ?? new Error(`${nowhere} was started`);
  } catch (error) {
    return {
      because: withoutAdvice(error as Error),
      fix:
        'Use Linux 5.9 or later, let the system call filter allow close_range, pidfd_send_signal and waitid, and with ' +
        '--permission allow child processes',
    };
  } finally {
    token.close();
  }
}

const onWindowsOnly: Problem = {
  because: 'IIS runs on Windows only',
  fix: 'Take the user from NegotiateServer, Token.fromPeer() or actAs()',
};

/** Diagnoses the process on Linux. */
export async function diagnoseLinux(): Promise<{
  readonly facts: LinuxFacts;
  readonly verdicts: Readonly<Record<CapabilityName, Verdict>>;
}> {
  const tried = deferred().tryOtherUser();
  const error = tried instanceof ImpersonationError ? tried : undefined;
  const programs = tried instanceof ImpersonationError ? undefined : programProblem(tried);
  const facts = await linuxFacts(error);
  const scopes = error && switchProblem(facts, error);
  return {
    facts,
    verdicts: {
      scopes: requiring(scopes),
      logon: requiring(pamProblem(facts.pam), scopes),
      s4u: { ...requiring(scopes), level: 'impersonation' },
      peers: requiring(scopes),
      iis: requiring(onWindowsOnly),
      'negotiate-accept': requiring(kerberosProblem(facts.kerberos), scopes),
      processes: requiring(scopes, programs),
      // There is nothing to load.
      profiles: requiring(),
    },
  };
}
