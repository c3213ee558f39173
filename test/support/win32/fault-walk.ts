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

/** What the addon asks the system, and how that says no. */
const failures: ReadonlyMap<string, Failure> = new Map([
  ...all(
    bool,
    `AccessCheck AddAccessAllowedAce AdjustTokenPrivileges AllocateLocallyUniqueId ConvertSidToStringSidW
     ConvertStringSecurityDescriptorToSecurityDescriptorW ConvertStringSidToSidW CopySid CreateRestrictedToken
     DuplicateTokenEx GetKernelObjectSecurity GetSecurityDescriptorDacl GetSecurityDescriptorOwner
     GetTokenInformation ImpersonateAnonymousToken ImpersonateNamedPipeClient InitializeAcl
     InitializeSecurityDescriptor IsTokenRestricted IsValidSecurityDescriptor LogonUserW LookupAccountNameW
     LookupAccountSidW LookupPrivilegeNameW LookupPrivilegeValueW OpenProcessToken OpenThreadToken
     SetSecurityDescriptorDacl SetSecurityDescriptorOwner SetTokenInformation TranslateNameW`,
  ),
  ...all(
    bool,
    `CompareStringOrdinal ConnectNamedPipe CreateEventW GetComputerNameW GetNamedPipeInfo MultiByteToWideChar
     WaitNamedPipeW WideCharToMultiByte`,
  ),
  ...all(file, 'CreateFileW CreateNamedPipeW'),
  ...all(number, 'GetSecurityInfo'),
  ...all(ntstatus, 'LsaConnectUntrusted LsaLogonUser LsaLookupAuthenticationPackage LsaRegisterLogonProcess'),
  ...all(
    sspi,
    `AcceptSecurityContext AcquireCredentialsHandleW CompleteAuthToken QuerySecurityContextToken
     QuerySecurityPackageInfoW`,
  ),
]);

/** What gives back, what cannot fail, and SetThreadToken, after some failures of which the process aborts. */
const spared = new Set(
  `DeleteSecurityContext FreeContextBuffer FreeCredentialsHandle LsaDeregisterLogonProcess LsaFreeReturnBuffer
   GetLengthSid GetSidIdentifierAuthority GetSidSubAuthority GetSidSubAuthorityCount IsWellKnownSid
   LsaNtStatusToWinError MapGenericMask SetThreadToken
   CryptAcquireContextA CryptGenRandom CryptReleaseContext`.split(/\s+/),
);

/** Functions of the security libraries that the addon imports and nobody has thought of here. */
export function unknownImports(): string[] {
  return seam()
    .imports(addon)
    .filter((label) => /^(advapi32|secur32)\.dll!/.test(label))
    .map((label) => label.replace(/^.*!/, '').replace(/ \(delayed\)$/, ''))
    .filter((name) => !failures.has(name) && !spared.has(name));
}

/** They answer with memory that LocalFree gives back. */
const allocators = [
  'ConvertSidToStringSidW',
  'ConvertStringSidToSidW',
  'ConvertStringSecurityDescriptorToSecurityDescriptorW',
  'GetSecurityInfo',
];

const callsOf = (name: string): number => seam().importCalls(addon, name);

/** From now on that call goes wrong, or none; calls are counted from 0 again. */
function install(name: string, skip = 0, times = 0): void {
  const failure = failures.get(name) ?? bool;
  seam().failImport(addon, name, { ...failure, skip, times, late: true });
}

/** Once what is going away is gone. */
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

/** A client that could not be sure of its server leaves the server with a connection that ends in its own time. */
async function settledTokens(atMost: number): Promise<number> {
  await until(() => Token.count <= atMost);
  return Token.count;
}

/** Memory of LocalAlloc that was got and not given back since the counts were taken. */
function localMemory(): () => number {
  const read = (): number => allocators.reduce((sum, name) => sum + callsOf(name), 0) - callsOf('LocalFree');
  const before = read();
  return () => read() - before;
}

export interface FaultWalk {
  /** How many calls have failed, one at a time. */
  readonly failed: number;
  /** The functions whose failure the work has got over. */
  readonly survived: string[];
  /** How many handles there are more than before. */
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
        const { code = '', syscall = name } = error;
        expect([call, code, syscall]).toEqual([call, expect.stringMatching(/^(ERR|SEC_E)/), name]);
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
 * Does the work once for each call that it makes of the system, with that call failing, and expects each time an error
 * of that call, or the work done in spite of it; the thread as it was; and nothing kept: tokens, what the security
 * authority has lent, memory. The work has to close what it makes. Handles are counted in the end, and what is too many
 * once more: the runtime's locks get one at their first contention, a leak is there every time.
 */
export async function walkFaults(work: () => unknown): Promise<FaultWalk> {
  let walk = await walkOnce(work);
  for (let again = 0; walk.kept > 0 && again < 2; again++) walk = await walkOnce(work);
  return walk;
}
