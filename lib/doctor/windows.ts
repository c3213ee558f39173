import type { NativeWindowsFacts } from '../../types/native';
import { native } from '../internal/binding';
import { deferred } from '../internal/deferred';
import { withoutAdvice } from '../internal/error';
import { lookupAccount, toPrincipal, type Principal } from '../token/principal';
import type { PrivilegeState } from '../token/trial';
import type { WindowsFacts } from './doctor';
import type { CapabilityName } from './names';
import { type Problem, requiring, type Verdict } from './verdict';

/** The privileges that the package uses, each with the user right that grants it. */
const rights = {
  SeImpersonatePrivilege: 'Impersonate a client after authentication',
  SeTcbPrivilege: 'Act as part of the operating system',
  SeAssignPrimaryTokenPrivilege: 'Replace a process level token',
  SeIncreaseQuotaPrivilege: 'Adjust memory quotas for a process',
  SeBackupPrivilege: 'Back up files and directories',
  SeRestorePrivilege: 'Restore files and directories',
  SeDebugPrivilege: 'Debug programs',
} as const;
type PrivilegeName = keyof typeof rights;
type States = Readonly<Record<PrivilegeName, PrivilegeState>>;

/** Accounts of services that hold a privilege by default. */
const holders: Partial<Record<PrivilegeName, string>> = {
  SeImpersonatePrivilege: 'as a service of any account, or as an elevated administrator',
  SeTcbPrivilege: 'as a service of LocalSystem',
  SeAssignPrimaryTokenPrivilege: 'as a service of LocalSystem, LOCAL SERVICE or NETWORK SERVICE',
  SeIncreaseQuotaPrivilege: 'as a service, or as an elevated administrator',
  SeBackupPrivilege: 'as a service of LocalSystem, or as an elevated administrator',
  SeRestorePrivilege: 'as a service of LocalSystem, or as an elevated administrator',
};

const isHeld = (state: PrivilegeState): boolean => state !== 'missing';

/** Returns the problem of missing privileges; undefined if none is missing. */
function lacking(names: readonly PrivilegeName[], account: string): Problem | undefined {
  const [first] = names;
  if (first === undefined) return undefined;
  const granted = names.map((name) => `"${rights[name]}"`).join(' and ');
  return {
    because: `the process does not hold ${names.join(' and ')}`,
    fix:
      `Run it ${holders[first] ?? 'as an elevated administrator'}; or grant ${account} ${granted} (secpol.msc, Local ` +
      'Policies, User Rights Assignment) and log it on again. A service that has a list of required privileges gets no ' +
      'others: sc.exe qprivs shows the list, and sc.exe privs changes it',
  };
}

/** Windows checks whether the privilege is enabled. It is for every holder, unless code has disabled it. */
function impersonating(states: States, account: string): Problem | undefined {
  const name = 'SeImpersonatePrivilege';
  if (states[name] !== 'disabled') return lacking(isHeld(states[name]) ? [] : [name], account);
  return {
    because: `the process holds ${name}, and it is disabled`,
    fix: 'Start the process without the program or addon that disables its privileges (AdjustTokenPrivileges)',
  };
}

const missing = (states: States, ...names: readonly PrivilegeName[]): PrivilegeName[] =>
  names.filter((name) => !isHeld(states[name]));

/** CreateProcessAsUserW enables the two privileges itself; CreateProcessWithTokenW needs the third one. */
function startingPrograms(states: States, account: string): Problem | undefined {
  const problem = lacking(
    missing(states, 'SeAssignPrimaryTokenPrivilege', 'SeIncreaseQuotaPrivilege'),
    account,
  );
  return problem && impersonating(states, account) ? problem : undefined;
}

function onIis(startedByIis: boolean): Problem | undefined {
  if (startedByIis) return undefined;
  return {
    because: 'the ASP.NET Core Module of IIS has not started the process: ASPNETCORE_TOKEN is not set',
    fix: 'Let the module start it (web.config, aspNetCore processPath), with forwardWindowsAuthToken="true" and Windows Authentication',
  };
}

function accepting(): Problem | undefined {
  try {
    native.freeCredentials(native.acquireCredentials('Negotiate', '', false, 1, '', false));
    return undefined;
  } catch (error) {
    return {
      because: withoutAdvice(error as Error),
      fix: 'Run the process as a service of NETWORK SERVICE or of a domain account, whose password Windows has',
    };
  }
}

function verdictsOf(
  { privileges, startedByIis }: WindowsFacts,
  account: string,
): Record<CapabilityName, Verdict> {
  const states = privileges as States;
  const scopes = impersonating(states, account);
  const trusted = lacking(missing(states, 'SeTcbPrivilege'), account);
  return {
    scopes: requiring(scopes),
    // The user's password lets the process act as the user.
    logon: requiring(),
    s4u: { ...requiring(trusted, scopes), level: trusted ? 'identification' : 'impersonation' },
    peers: requiring(scopes),
    iis: requiring(onIis(startedByIis), scopes),
    'negotiate-accept': requiring(accepting(), scopes),
    processes: requiring(startingPrograms(states, account)),
    profiles: requiring(lacking(missing(states, 'SeBackupPrivilege', 'SeRestorePrivilege'), account)),
  };
}

async function nameOf(account: Principal): Promise<string> {
  const found = await lookupAccount(account).catch(() => undefined);
  return found === undefined ? account.id : [found.domain, found.name].filter(Boolean).join('\\');
}

/** Diagnoses the process on Windows. */
export async function diagnoseWindows(): Promise<{
  readonly facts: WindowsFacts;
  readonly verdicts: Readonly<Record<CapabilityName, Verdict>>;
}> {
  const { user } = native.describeProcess();
  const name = await nameOf(toPrincipal(user));
  const { session, job } = native.processFacts() as NativeWindowsFacts;
  const { processPrivilege } = deferred();
  const facts: WindowsFacts = {
    port: 'win32',
    account: toPrincipal(user),
    session: Number(session),
    job: job !== '',
    privileges: Object.fromEntries(Object.keys(rights).map((each) => [each, processPrivilege(each)])),
    startedByIis: Boolean(process.env.ASPNETCORE_TOKEN),
    spnQuery: `setspn.exe -L "${name}"`,
  };
  return { facts, verdicts: verdictsOf(facts, name) };
}
