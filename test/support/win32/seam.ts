import { resolve } from 'node:path';
import { root } from '../paths';

const seamAddon = resolve(root, 'build-win32-x64', 'Release', 'seam.node');

export type Level = 'anonymous' | 'identification' | 'impersonation' | 'delegation';

export interface SidAndAttributes {
  readonly sid: string;
  /** SE_GROUP_ bits; by default 7: mandatory, and enabled. 0x10 is deny-only. */
  readonly attributes?: number;
}

export interface TokenSpec {
  /** A SID; no account has to have it. */
  readonly user: string;
  /** Nothing is added, not even Everyone (S-1-1-0); none at all gives the Null SID, not enabled. */
  readonly groups: readonly SidAndAttributes[];
  /** By name, each enabled. */
  readonly privileges?: readonly string[];
  readonly type: 'primary' | 'impersonation';
  readonly level: Level;
  /** Becomes a group of the logon. */
  readonly logonSid?: string;
}

/** The effective token of a thread. */
export interface EffectiveIdentity {
  /** '' if the kernel does not return it: Anonymous level. */
  readonly sid: string;
  /** 'none' for a primary token: the process's own, or one on the thread, which only Wine allows. */
  readonly level: Level | 'none';
  /** The thread has a token of its own. */
  readonly thread: boolean;
}

export interface TestUser {
  readonly name: string;
  /** '.' for an account of this computer. It is also the part behind the @ of a UPN. */
  readonly domain: string;
  readonly password: string;
  readonly sid: string;
  /** Besides Everyone, Users, Authenticated Users and the group of the logon type. */
  readonly groups?: readonly SidAndAttributes[];
  readonly privileges?: readonly string[];
  /** The domain that TranslateNameW returns, also in a UPN; `domain` by default. */
  readonly dns?: string;
  /** The Win32 error that every logon ends with, with the right password too: 1909 for an account locked out. */
  readonly error?: number;
}

export interface CallRecord {
  /** The name of the import. A call with two paths makes two records. */
  readonly function: string;
  /** The given path, or the requested account. */
  readonly subject: string;
  readonly thread: number;
  /** Whether the thread is the one that loaded the seam first. */
  readonly main: boolean;
  /** The effective identity of the thread. */
  readonly sid: string;
  readonly level: Level | 'none';
  /** The Win32 error that denied it; 0 if it was allowed. */
  readonly denied: number;
}

export interface KernelObject {
  readonly handle: bigint;
  /** As the kernel calls it: 'Thread', 'Event', 'IoCompletion', 'Token'. */
  readonly type: string;
  /** Owner and DACL as SDDL; '' for a file, if there is none, or it cannot be read. */
  readonly security: string;
}

/** A call of CoInitializeSecurity. */
export interface ComCall {
  readonly made: boolean;
  /** With the defaults for all arguments but the numbers, and while COM was initialized once. */
  readonly plain: boolean;
  /** The calling thread had a token of its own. */
  readonly asUser: boolean;
  readonly authentication: number;
  readonly level: number;
  readonly capabilities: number;
  /** How often COM is initialized for the process. */
  readonly uses: number;
}

/** How the module created a process. */
export interface ProgramCall {
  readonly function: string;
  readonly application: string;
  readonly commandLine: string;
  readonly flags: number;
  readonly startupFlags: number;
  readonly showWindow: number;
  readonly desktop: string;
  /** The size of the block in which the C runtime finds its descriptors. */
  readonly runtimeBlock: number;
  readonly inherits: boolean;
  readonly folder: string;
  /** Of CreateProcessWithLogonW: 'domain\\name', and its LOGON_ flags. */
  readonly account: string;
  readonly logonFlags: number;
  readonly hasEnvironment: boolean;
  /** Whether the calling thread had a token. */
  readonly impersonating: boolean;
}

/** Resources of the authority that have not been released. */
export interface Outstanding {
  readonly lsaConnections: number;
  readonly lsaBuffers: number;
  readonly credentials: number;
  readonly contexts: number;
  readonly contextBuffers: number;
}

/** The first `skip` calls succeed (0), the next `times` fail (1); Infinity for all, 0 to count only. */
export interface FaultSpan {
  readonly skip?: number;
  readonly times?: number;
}

export interface ImportFault extends FaultSpan {
  /** The last error of a call that fails. */
  readonly error: number;
  /** The return value: 0 (FALSE, NULL) by default; a status or INVALID_HANDLE_VALUE (-1) if that means failure. */
  readonly returns?: number;
  /** The module does not import the function, but gets it from GetProcAddress later. */
  readonly late?: boolean;
}

/**
 * The Windows test addon. Patches and records belong to the process, not to a thread or test file.
 * Calls that fail throw an Error with `errno` and `syscall`. A module has the name of its file
 * ('impersonate.node'), and must be loaded before it is patched. The patched imports are returned as
 * 'advapi32.dll!LogonUserW', with ' (delayed)' behind those of a delay-load table: assert them, for Wine's own
 * LogonUserW takes every password.
 */
export interface Seam {
  /** A real token with every right on its handle, which the caller closes. */
  mint(spec: TokenSpec): bigint;
  closeHandle(handle: bigint): void;
  /** With the same rights, or with just `access`. */
  duplicateHandle(handle: bigint, access?: number): bigint;

  effectiveIdentity(): EffectiveIdentity;
  /** The SID only, at any level, in one kernel call instead of several: for loops. */
  effectiveUser(): string;
  threadId(): number;
  /** Puts a token on the calling thread as another addon would. */
  setForeignToken(handle: bigint): void;
  /** Removes the token of the calling thread. */
  clearForeignToken(): void;
  /** Returns the identity of a pool thread, after putting the token, if given, on it as another addon would. */
  poolThread(token?: bigint): Promise<EffectiveIdentity>;
  /** Replaces the process token for good: for a child process. */
  setProcessToken(handle: bigint): void;

  /** A named kernel object with that access list ('D:(A;;GA;;;S-1-5-...)'), kept until closeObjects(). */
  createObject(name: string, sddl: string): void;
  /** Opens it as the calling thread and closes it again: 0, or the Win32 error, 5 for access denied. */
  openObject(name: string): number;
  closeObjects(): void;
  /** The open handles of the process. */
  kernelObjects(): KernelObject[];
  /** The rights that the security descriptor of the object grants to the token. */
  grantedAccess(object: bigint, token: bigint): number;
  /**
   * Kernel objects that the module ('' for node.exe) makes without a security descriptor get one from the token that the
   * thread acts as: its owner and default DACL, as on Windows. Wine gives them none.
   */
  patchDefaultSecurity(moduleName: string): string[];
  /** The number of open handles; ending threads and closing sockets still count for a while. */
  handleCount(): number;

  /** Replaces an earlier user with that name and domain. */
  defineUser(user: TestUser): void;
  forgetUsers(): void;
  /** Lets LogonUserW of that account wait, as for another machine that does not reply. */
  holdLogons(account: string): void;
  /** Lets the waiting logons continue, and holds no later ones. */
  releaseLogons(): void;
  /** The number of waiting logons. */
  heldLogons(): number;
  /** Counts the occurrences of the parts in the writable memory of another process, which is read once. */
  countInMemory(processId: number, parts: readonly Uint8Array[]): number;
  /**
   * The module's logons, S4U, both sides of Integrated Authentication, anonymous and pipe impersonation, account
   * look-ups and CreateProcessWith... use the users defined here, with real tokens. What Wine does not keep of restricted
   * tokens is recorded: 'flags 1 S-1-...' of CreateRestrictedToken, 'integrity S-1-16-...' of SetTokenInformation. Of
   * pipes that the module makes or opens, the flags, the security descriptor and the requested access are recorded, and
   * the level that a client of this process last requested applies.
   */
  patchAuthority(moduleName: string): string[];
  /**
   * Without patchAuthority(): the module uses the Integrated Authentication of the system. If that has established a
   * context without a token (SEC_E_UNSUPPORTED_FUNCTION, Wine), QuerySecurityContextToken returns a token of this user
   * ('name@domain'), whoever the client is; none if the user is not defined.
   */
  answerContextTokens(moduleName: string, user: string): string[];
  /** Returns the calls of the authority so far, oldest first, and clears them. */
  takeAuthorityRecords(): CallRecord[];
  /** The SECURITY_LOGON_TYPE that LsaGetLogonSessionData of the module reports; 0, the default, for access denied. */
  setLogonType(type: number): void;
  outstanding(): Outstanding;

  /** Records calls with paths, Node.js's own or those of a module, and checks them by the rules of allow(). */
  patchWitness(moduleName?: string): string[];
  /** The list applies to the path and all below it; the longest path wins. Without a rule everything is allowed. */
  allow(path: string, sddl: string): void;
  forgetRules(): void;
  /** Returns the file calls so far, oldest first, and clears them. */
  takeRecords(): CallRecord[];

  /**
   * A function that was resolved by GetProcAddress before keeps working. Throws if the module does not import it,
   * unless `late`. Works on a function the authority has patched too; replaces an earlier fault.
   */
  failImport(moduleName: string, functionName: string, fault: ImportFault): string[];
  /**
   * SetThreadToken returns TRUE but puts a copy of Identification level on the thread, as Windows does if the caller
   * may not impersonate the user.
   */
  lieSetThreadToken(moduleName: string, span?: FaultSpan): string[];
  /** SetThreadToken returns TRUE but puts the token `handle` on the thread; the caller still owns it. */
  swapThreadToken(moduleName: string, handle: bigint, span?: FaultSpan): string[];
  /** The number of calls so far of an import with a fault, succeeded and failed. */
  importCalls(moduleName: string, functionName: string): number;
  /** What the module imports by name, as 'advapi32.dll!LogonUserW'. */
  imports(moduleName: string): string[];
  /**
   * Records CoInitializeSecurity of the module, which then returns `result`, an HRESULT, and counts how often the module has
   * initialized COM for the process.
   */
  patchCom(moduleName: string, result: number): string[];
  /** Removes and returns the record of the last call; see ComCall. */
  takeComCall(): ComCall;
  /** Removes the faults; authority and witness stay. */
  clearFaults(): void;
  /** Removes faults, authority and witness: every import table is restored. */
  unpatchAll(): void;

  /** Records the module's calls of CreateProcessAsUserW, and lets swapProgram() change them. */
  patchPrograms(moduleName: string): string[];
  /** Returns the creations of processes so far, oldest first, and clears them. */
  takeProgramCalls(): ProgramCall[];
  /** Later processes run this file, and have this primary token, instead of those asked for; '' for no other file. */
  swapProgram(application: string, token?: bigint): void;
  makeInheritable(handle: bigint): void;
  /** Whether the process is in a job. */
  isInJob(processId: number): boolean;
  /** Starts a program that leaves the job of this process, and returns its number. */
  startOutsideOfJob(commandLine: string): number;

  /** Whether this is Wine. */
  isWine(): boolean;
  /**
   * A local account of this computer (NetUserGetInfo); null if there is none. scripts/verify-windows.mjs uses this and
   * the functions below on a real Windows. Wine implements none of them but the last four.
   */
  findAccount(name: string): { readonly sid: string; readonly comment: string } | null;
  /** Creates an account in Users whose password, in UTF-8, does not expire (NetUserAdd). */
  createAccount(name: string, comment: string, password: Uint8Array): void;
  setAccountDisabled(name: string, disabled: boolean): void;
  deleteAccount(name: string): void;
  /** Deletes the profile of a user, if there is one: returns whether there was (DeleteProfileW). */
  deleteProfile(sid: string): boolean;
  /** Sets the DACL of a file or folder, which then inherits nothing (SetNamedSecurityInfoW). */
  setFileAccess(path: string, sddl: string): void;
  /** Maps a drive ('X:') to a folder in the logon session of the calling thread's identity (DefineDosDeviceW). */
  defineDrive(drive: string, folder: string): void;
  removeDrive(drive: string, folder: string): void;
  /**
   * The client's side of Integrated Authentication. The result takes the server's reply, at first none, and returns the
   * next message. With `identify` the server gets a token of level identification.
   */
  negotiateClient(
    packageName: string,
    user: string,
    domain: string,
    password: Uint8Array,
    identify: boolean,
  ): (reply?: Uint8Array) => Buffer;
  /** Connects to a pipe as the calling thread, with these rights, and writes a byte: the handle, to be closed. */
  openPipe(path: string, access: number, level: Level): bigint;
  /** A handle of the process's primary token, which the caller closes. */
  ownToken(): bigint;
  /** Removes a privilege of the process for good: for a child process. */
  removeOwnPrivilege(name: string): void;
  /** Puts the process's own identity at that level on the calling thread, until clearForeignToken(). */
  impersonateSelf(level: Level): void;
}

/** The message with the credentials of an Integrated Authentication client, first or after a challenge. */
export function clientProof(user: string, password: string, level: Level = 'impersonation'): Buffer {
  return Buffer.from(`SEAM ${level} ${user}:${password}`);
}

const marked = (message: Buffer, mark: string): Buffer =>
  Buffer.from(message.toString().replace('SEAM', `SEAM${mark}`));

/** The same message for a reply that needs CompleteAuthToken. */
export const toComplete = (message: Buffer): Buffer => marked(message, '!');
/** The same message, which the authority checks for a third of a second. */
export const slow = (message: Buffer): Buffer => marked(message, '~');

/** The first message of a client that expects a challenge. */
export const clientHello: Buffer = Buffer.from('SEAM?');
export const serverChallenge: Buffer = Buffer.from('SEAM-CHALLENGE');
/** The reply of the server to right credentials. */
export const serverAccepted: Buffer = Buffer.from('SEAM-ACCEPTED');

/**
 * What a server sends to an Integrated Authentication client, besides serverChallenge and serverAccepted: an end with a
 * last message, an end without proof, what makes the client answer by NTLM, and an end by NTLM.
 */
export const serverLast: Buffer = Buffer.from('SEAM-LAST');
export const serverUnproven: Buffer = Buffer.from('SEAM-UNPROVEN');
export const serverWantsNtlm: Buffer = Buffer.from('SEAM-ANSWER-NTLM');
export const serverAcceptedNtlm: Buffer = Buffer.from('SEAM-ACCEPTED-NTLM');

/** Loads the addon at the first call, so that only the tests that need it fail if it is not built. */
export function seam(): Seam {
  return require(seamAddon) as Seam;
}
