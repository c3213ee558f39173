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

/** The token the kernel judges a thread by. */
export interface EffectiveIdentity {
  /** '' where the kernel will not tell: Anonymous level. */
  readonly sid: string;
  /** 'none' for a primary token: the process's own, or one on the thread, which only Wine allows. */
  readonly level: Level | 'none';
  /** The thread has a token of its own. */
  readonly thread: boolean;
}

export interface TestUser {
  readonly name: string;
  /** '.' for an account of this computer. It is also what comes behind the @ of a UPN. */
  readonly domain: string;
  readonly password: string;
  readonly sid: string;
  /** Besides Everyone, Users, Authenticated Users and the group of the logon type. */
  readonly groups?: readonly SidAndAttributes[];
  readonly privileges?: readonly string[];
  /** The domain as TranslateNameW calls it, and a UPN made of that; `domain` by default. */
  readonly dns?: string;
  /** The Win32 error that every logon ends with, with the right password too: 1909 for an account locked out. */
  readonly error?: number;
}

export interface CallRecord {
  /** As the import is named. A call with two paths makes two records. */
  readonly function: string;
  /** The path as it was given, or the account that was asked for. */
  readonly subject: string;
  readonly thread: number;
  /** It is the thread that loaded the seam first. */
  readonly main: boolean;
  /** Who the kernel took the thread for. */
  readonly sid: string;
  readonly level: Level | 'none';
  /** The Win32 error it was refused with; 0 if it went on. */
  readonly denied: number;
}

export interface KernelObject {
  readonly handle: bigint;
  /** As the kernel calls it: 'Thread', 'Event', 'IoCompletion', 'Token'. */
  readonly type: string;
  /** Owner and DACL as SDDL; '' where there is none, or the handle does not tell. */
  readonly security: string;
}

/** What was taken from the authority and not given back. */
export interface Outstanding {
  readonly lsaConnections: number;
  readonly lsaBuffers: number;
  readonly credentials: number;
  readonly contexts: number;
  readonly contextBuffers: number;
}

/** The first `skip` calls go right (0), the next `times` go wrong (1); Infinity for all, 0 to count only. */
export interface FaultSpan {
  readonly skip?: number;
  readonly times?: number;
}

export interface ImportFault extends FaultSpan {
  /** The last error of a call that goes wrong. */
  readonly error: number;
  /** What it returns: 0 (FALSE, NULL) by default; a status or INVALID_HANDLE_VALUE (-1) where that means failure. */
  readonly returns?: number;
  /** The module does not import the function, but will ask GetProcAddress for it from now on. */
  readonly late?: boolean;
}

/**
 * The Windows test addon. What it patches and remembers is the process's, whichever thread or test file asked.
 * Calls that fail throw an Error with `errno` and `syscall`. A module is named as it is loaded
 * ('impersonate.node'), and must be loaded before it is patched. The patched imports come back as
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
  /** The SID alone, of any level, in one call to the kernel instead of several: for loops. */
  effectiveUser(): string;
  threadId(): number;
  /** Puts a token on the calling thread as another addon would. */
  setForeignToken(handle: bigint): void;
  /** Takes off whatever token the calling thread has. */
  clearForeignToken(): void;
  /** Who a pool thread is, once the token, if there is one, has been put on it as another addon would. */
  poolThread(token?: bigint): Promise<EffectiveIdentity>;
  /** Makes a primary token the process's own, for good: for a child process. */
  setProcessToken(handle: bigint): void;

  /** A named kernel object with that access list ('D:(A;;GA;;;S-1-5-...)'), kept until closeObjects(). */
  createObject(name: string, sddl: string): void;
  /** Opens it as the calling thread and closes it again: 0, or the Win32 error, 5 for access denied. */
  openObject(name: string): number;
  closeObjects(): void;
  /** What the process has open. */
  kernelObjects(): KernelObject[];
  /** The rights that the object's security descriptor grants to whoever has the token. */
  grantedAccess(object: bigint, token: bigint): number;
  /**
   * Kernel objects that the module ('' for node.exe) makes without a security descriptor get one from the token that the
   * thread acts as: its owner and default DACL. It is the most that Windows does; Wine leaves them without any.
   */
  patchDefaultSecurity(moduleName: string): string[];
  /** Open handles of the process; threads and sockets that are going away still count for a while. */
  handleCount(): number;

  /** Instead of an earlier user of that name and domain. */
  defineUser(user: TestUser): void;
  forgetUsers(): void;
  /** LogonUserW of that account waits from now on, as for another machine that does not answer. */
  holdLogons(account: string): void;
  /** Lets those go on that wait, and holds nobody any more. */
  releaseLogons(): void;
  /** How many logons are waiting. */
  heldLogons(): number;
  /** How often any of the parts is in what another process can write of its memory, which is read once. */
  countInMemory(processId: number, parts: readonly Uint8Array[]): number;
  /**
   * The module's logons, S4U, server-side Integrated Authentication, anonymous and pipe impersonation, account
   * look-ups and CreateProcessWith... are answered from the users defined here, with real tokens. Of restricted tokens
   * what Wine forgets is noted: 'flags 1 S-1-...' of CreateRestrictedToken, 'integrity S-1-16-...' of
   * SetTokenInformation. Of pipes that the module makes or opens the flags, the security descriptor and the access
   * asked for are noted, and the level that a client of this process last asked for holds.
   */
  patchAuthority(moduleName: string): string[];
  /**
   * Without patchAuthority(): the module's Integrated Authentication stays the system's, but where that has established
   * a context and has no token of it (SEC_E_UNSUPPORTED_FUNCTION, Wine), QuerySecurityContextToken gives one of this
   * user ('name@domain'), whoever the client was. Of a user who is not defined there is none.
   */
  answerContextTokens(moduleName: string, user: string): string[];
  /** The authority's calls so far, oldest first; they are forgotten. */
  takeAuthorityRecords(): CallRecord[];
  outstanding(): Outstanding;

  /** From now on Node.js's own path-taking calls are noted, and judged by the rules made with allow(). */
  patchWitness(): string[];
  /** The list holds for the path and all below it; the longest path wins. Without a rule nothing is refused. */
  allow(path: string, sddl: string): void;
  forgetRules(): void;
  /** The file calls so far, oldest first; they are forgotten. */
  takeRecords(): CallRecord[];

  /**
   * A function that was resolved by GetProcAddress before keeps working. Throws if the module does not import it,
   * unless `late`. Works on a function the authority has patched too; replaces an earlier fault.
   */
  failImport(moduleName: string, functionName: string, fault: ImportFault): string[];
  /**
   * SetThreadToken answers TRUE but puts a copy of Identification level on the thread, as Windows does to those who
   * may not impersonate the user.
   */
  lieSetThreadToken(moduleName: string, span?: FaultSpan): string[];
  /** SetThreadToken answers TRUE but puts the token `handle` on the thread; it stays the caller's. */
  swapThreadToken(moduleName: string, handle: bigint, span?: FaultSpan): string[];
  /** Calls so far of an import with a fault, right and wrong ones. */
  importCalls(moduleName: string, functionName: string): number;
  /** What the module imports by name, as 'advapi32.dll!LogonUserW'. */
  imports(moduleName: string): string[];
  /** Takes the faults away; authority and witness stay. */
  clearFaults(): void;
  /** Takes faults, authority and witness away: every import table is as it was. */
  unpatchAll(): void;
}

/** What a client of Integrated Authentication sends: its proof, in the first message or after a challenge. */
export function clientProof(user: string, password: string, level: Level = 'impersonation'): Buffer {
  return Buffer.from(`SEAM ${level} ${user}:${password}`);
}

const marked = (message: Buffer, mark: string): Buffer =>
  Buffer.from(message.toString().replace('SEAM', `SEAM${mark}`));

/** The same message of a client whose answers are not ready before CompleteAuthToken. */
export const toComplete = (message: Buffer): Buffer => marked(message, '!');
/** The same message, which the authority takes a third of a second over. */
export const slow = (message: Buffer): Buffer => marked(message, '~');

/** The first message of a client that wants to be challenged. */
export const clientHello: Buffer = Buffer.from('SEAM?');
export const serverChallenge: Buffer = Buffer.from('SEAM-CHALLENGE');
/** What the server answers to a right proof. */
export const serverAccepted: Buffer = Buffer.from('SEAM-ACCEPTED');

/** Loaded at the first call: only what needs it fails where it is not built. */
export function seam(): Seam {
  return require(seamAddon) as Seam;
}
