import { setTimeout as delay } from 'node:timers/promises';
import { Token } from 'impersonate';
import { expectActingAsService } from '../world/acting';
import type { Caught } from '../errors';
import { until } from '../children/progress';
import { seam } from './seam';
import { world } from '../world/win32';

const addon = 'impersonate.node';

interface Failure {
  readonly error: number;
  readonly returns: number;
}

const outOfMemory = 8;
const bool: Failure = { error: outOfMemory, returns: 0 };
const file: Failure = { error: outOfMemory, returns: -1 };
const number: Failure = { error: 0, returns: outOfMemory };
const ntstatus: Failure = { error: 0, returns: 0xc0000017 };
const sspi: Failure = { error: 0, returns: 0x80090300 | 0 };

const all = (failure: Failure, names: string): [string, Failure][] =>
  names
    .trim()
    .split(/\s+/)
    .map((name) => [name, failure]);

/** The system calls of the addon, and how each reports failure. */
const failures: ReadonlyMap<string, Failure> = new Map([
  ...all(
    bool,
    `AccessCheck AddAccessAllowedAce AdjustTokenPrivileges AllocateLocallyUniqueId ConvertSidToStringSidW
     ConvertStringSecurityDescriptorToSecurityDescriptorW ConvertStringSidToSidW CopySid CreateProcessAsUserW
     CreateProcessWithLogonW CreateProcessWithTokenW CreateRestrictedToken DuplicateTokenEx GetKernelObjectSecurity GetSecurityDescriptorDacl GetSecurityDescriptorOwner
     GetTokenInformation ImpersonateAnonymousToken ImpersonateNamedPipeClient InitializeAcl
     InitializeSecurityDescriptor IsTokenRestricted IsValidSecurityDescriptor LogonUserW LookupAccountNameW
     LookupAccountSidW LookupPrivilegeNameW LookupPrivilegeValueW OpenProcessToken OpenThreadToken
     SetSecurityDescriptorDacl SetSecurityDescriptorOwner SetTokenInformation SystemFunction036 TranslateNameW`,
  ),
  ...all(
    bool,
    `CompareStringOrdinal ConnectNamedPipe CreateEventW GetComputerNameW GetNamedPipeInfo MultiByteToWideChar
     WaitNamedPipeW WideCharToMultiByte`,
  ),
  ...all(
    bool,
    `AssignProcessToJobObject CreateEnvironmentBlock CreateJobObjectW CreateThreadpoolWait DuplicateHandle
     GetFileInformationByHandle GetFullPathNameW InitializeProcThreadAttributeList LoadLibraryExW LoadUserProfileW
     QueryFullProcessImageNameW SetHandleInformation SetInformationJobObject UpdateProcThreadAttribute`,
  ),
  ...all(file, 'CreateFileW CreateNamedPipeW ResumeThread'),
  ...all(number, 'GetSecurityInfo'),
  ...all(
    ntstatus,
    `LsaConnectUntrusted LsaGetLogonSessionData LsaLogonUser LsaLookupAuthenticationPackage LsaRegisterLogonProcess`,
  ),
  ...all(
    sspi,
    `AcceptSecurityContext AcquireCredentialsHandleW CompleteAuthToken InitializeSecurityContextW
     QueryContextAttributesW QuerySecurityContextToken QuerySecurityPackageInfoW`,
  ),
]);

/** Calls that release, calls that cannot fail, and SetThreadToken, after some failures of which the process aborts. */
const spared = new Set(
  `DeleteSecurityContext FreeContextBuffer FreeCredentialsHandle LsaDeregisterLogonProcess LsaFreeReturnBuffer
   EqualSid GetLengthSid GetSidIdentifierAuthority GetSidSubAuthority GetSidSubAuthorityCount IsWellKnownSid
   LsaNtStatusToWinError MapGenericMask SetThreadToken
   CryptAcquireContextA CryptGenRandom CryptReleaseContext`.split(/\s+/),
);

/** Functions of the security libraries that the addon imports and that are in neither list. */
export function unknownImports(): string[] {
  return seam()
    .imports(addon)
    .filter((label) => /^(advapi32|secur32)\.dll!/.test(label))
    .map((label) => label.replace(/^.*!/, '').replace(/ \(delayed\)$/, ''))
    .filter((name) => !failures.has(name) && !spared.has(name));
}

/** Exports whose documented name is another one. */
const names = new Map([['SystemFunction036', 'RtlGenRandom']]);

/** Functions that return memory for LocalFree. */
const allocators = [
  'ConvertSidToStringSidW',
  'ConvertStringSidToSidW',
  'ConvertStringSecurityDescriptorToSecurityDescriptorW',
  'GetSecurityInfo',
];

const callsOf = (name: string): number => seam().importCalls(addon, name);

/** Installs a fault, or none, for that call; calls are counted from 0 again. */
function install(name: string, skip = 0, times = 0): void {
  const failure = failures.get(name) ?? bool;
  seam().failImport(addon, name, { ...failure, skip, times, late: true });
}

/** Returns the number of handles once it is stable. */
export async function settledHandles(atMost = 0): Promise<number> {
  let count = world.handleCount();
  for (let round = 0, same = 0; same < 5 && round < 200 && count > atMost; round++) {
    await delay(5);
    const next = world.handleCount();
    same = next === count ? same + 1 : 0;
    count = next;
  }
  return count;
}

/** A client that cannot verify its server leaves the server with a connection that ends later. */
async function settledTokens(atMost: number): Promise<number> {
  await until(() => Token.count <= atMost);
  return Token.count;
}

/** Counts the LocalAlloc memory that was allocated and not freed since this call. */
function localMemory(): () => number {
  const read = (): number => allocators.reduce((sum, name) => sum + callsOf(name), 0) - callsOf('LocalFree');
  const before = read();
  return () => read() - before;
}

export interface FaultWalk {
  /** The number of calls that have failed, one at a time. */
  readonly failed: number;
  /** The functions whose failure the work has tolerated. */
  readonly survived: string[];
  /** The number of additional handles. */
  readonly kept: number;
}

async function walkOnce(work: () => unknown): Promise<FaultWalk> {
  await work();
  await work();
  const [handles, count, outstanding] = [await settledHandles(), Token.count, seam().outstanding()];
  const survived = new Set<string>();
  let failed = 0;
  try {
    for (const name of [...failures.keys(), 'LocalFree']) install(name);
    await work();
    const calls = [...failures.keys()].flatMap((name) =>
      Array.from({ length: callsOf(name) }, (_, skip): [string, number] => [name, skip]),
    );
    for (const [name, skip] of calls) {
      install(name, skip, 1);
      const memory = localMemory();
      const error = await new Promise((resolve) => {
        resolve(work());
      }).then(
        () => undefined,
        (reason: unknown) => reason as Caught,
      );
      const tokens = await settledTokens(count);
      const hit = callsOf(name) > skip;
      const call = `${name}, call ${String(skip + 1)}`;
      const kept = memory() - (hit && allocators.includes(name) ? 1 : 0);
      install(name);
      if (error) {
        const documented = names.get(name) ?? name;
        const { code = '', syscall = documented } = error;
        expect([call, code, syscall]).toEqual([call, expect.stringMatching(/^(ERR|SEC_E)/), documented]);
      } else if (hit) {
        survived.add(name);
      }
      if (hit) failed++;
      expect([call, tokens, seam().outstanding(), kept]).toEqual([call, count, outstanding, 0]);
      expectActingAsService();
    }
  } finally {
    seam().clearFaults();
  }
  const kept = Math.max(0, (await settledHandles(handles)) - handles);
  return { failed, survived: [...survived].sort(), kept };
}

/**
 * Runs the work once for each of its system calls, with that call failing, and expects each time an error of that call,
 * or success; an unchanged thread; and nothing kept: tokens, resources of the security authority, memory. The work must
 * close what it makes. Handles are counted at the end; if there are too many, the walk runs again: locks of the runtime
 * get a handle at their first contention, but a leak occurs every time.
 */
export async function walkFaults(work: () => unknown): Promise<FaultWalk> {
  let walk = await walkOnce(work);
  for (let again = 0; walk.kept > 0 && again < 2; again++) walk = await walkOnce(work);
  return walk;
}
