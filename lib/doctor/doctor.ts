import { asProcess } from '../internal/flow-store';
import type { IdRange, PrivilegeState } from '../token/trial';
import type { ImpersonationLevel } from '../token/open-token';
import type { Principal } from '../token/principal';
import type * as Diagnosing from './diagnosis';
import type { CapabilityName } from './names';

/**
 * Whether the process can use a part of the package.
 *
 * @example
 * const { capabilities } = await doctor();
 * const scopes = capabilities.find(({ name }: Capability) => name === 'scopes');
 * if (!scopes?.can) throw new Error(`${scopes?.because}. ${scopes?.fix}`);
 */
export interface Capability {
  /** The name, which does not change between versions. */
  readonly name: CapabilityName;
  /** Whether it can. For a source of tokens: whether the process can act as the users that it returns. */
  readonly can: boolean;
  /** The impersonation level of the tokens, of `s4u`. */
  readonly level?: ImpersonationLevel;
  /** Why not. */
  readonly because?: string;
  /** What to change. */
  readonly fix?: string;
}

/**
 * The Kerberos set-up of a Linux server. Absent values are unknown.
 *
 * @example
 * const { facts } = await doctor();
 * if (facts.port === 'linux') {
 *   const kerberos: KerberosFacts = facts.kerberos;
 *   console.log(kerberos.keytabProblem ?? kerberos.principals);
 * }
 */
export interface KerberosFacts {
  /** Why the libraries of MIT Kerberos cannot be loaded. Absent if they can. */
  readonly libraryProblem?: string;
  /** The keytab that GSSAPI uses. */
  readonly keytab: string;
  /** Why the keytab cannot be read. Absent if it can. */
  readonly keytabProblem?: string;
  /** The principals that the keytab has keys of. */
  readonly principals: readonly string[];
  /** The realm of the keytab, or the default one. */
  readonly realm?: string;
  /** The KDC whose clock was read. */
  readonly kdc?: string;
  /** The seconds by which the KDC's clock is ahead of this one. */
  readonly skew?: number;
  /** The largest difference that is accepted, in seconds. */
  readonly allowedSkew: number;
  /** Why the clock of a KDC could not be read. */
  readonly kdcProblem?: string;
}

/**
 * What the kernel and the system report about a Linux process.
 *
 * @example
 * const hasMappedIds = ({ userNamespace }: LinuxFacts) => userNamespace.uids.some(({ count }) => count > 1);
 * const { facts } = await doctor();
 * if (facts.port === 'linux') console.log(hasMappedIds(facts)); // true outside of unprivileged containers
 */
export interface LinuxFacts {
  /** The system. */
  readonly port: 'linux';
  /** Real, effective and saved. */
  readonly uids: readonly number[];
  /** Real, effective and saved. */
  readonly gids: readonly number[];
  /** The supplementary groups. */
  readonly groups: readonly number[];
  /** The capability sets of the thread, by the names of capabilities(7). */
  readonly capabilities: Readonly<
    Record<'effective' | 'permitted' | 'inheritable' | 'bounding' | 'ambient', readonly string[]>
  >;
  /** The SECBIT_ flags, by the names of capabilities(7). */
  readonly securebits: readonly string[];
  /** Whether no_new_privs is set. */
  readonly noNewPrivileges: boolean;
  /** Whether a seccomp filter checks system calls. */
  readonly seccomp: 'none' | 'strict' | 'filter';
  /** The ids that the user namespace maps, and whether groups can be set in it. */
  readonly userNamespace: {
    readonly uids: readonly IdRange[];
    readonly gids: readonly IdRange[];
    readonly setgroups: 'allow' | 'deny';
  };
  /** The real uid of threads that act as users; null if there is none. */
  readonly reservedUid: number | null;
  /** The value of UV_USE_IO_URING; null if it is not set. */
  readonly ioUring: string | null;
  /** Linux-PAM, with which `Token.logon` checks passwords. */
  readonly pam: {
    /** Why Linux-PAM cannot be used. Absent if it can. */
    readonly problem?: string;
    /** The file of the default service; null if there is none. */
    readonly file: string | null;
    /** The modules that authenticate. */
    readonly modules: readonly string[];
    /** Whether the process may read /etc/shadow. */
    readonly readsShadow: boolean;
  };
  /** Kerberos, with which `NegotiateServer` authenticates clients. */
  readonly kerberos: KerberosFacts;
  /** The error of acting as another user and reverting. Absent if it worked. */
  readonly switchProblem?: string;
}

/**
 * What Windows reports about the process.
 *
 * @example
 * const runsAsService = ({ session }: WindowsFacts) => session === 0;
 * const { facts } = await doctor();
 * if (facts.port === 'win32') console.log(runsAsService(facts));
 */
export interface WindowsFacts {
  /** The system. */
  readonly port: 'win32';
  /** The user that the process runs as. */
  readonly account: Principal;
  /** The number of the Terminal Services session; 0 is that of services. */
  readonly session: number;
  /** Whether the process is in a job. */
  readonly job: boolean;
  /** The privileges that the package uses. */
  readonly privileges: Readonly<Record<string, PrivilegeState>>;
  /** Whether the ASP.NET Core Module of IIS has started the process. */
  readonly startedByIis: boolean;
  /** The command that lists the account's service principal names: Kerberos needs HTTP/ and the host name. */
  readonly spnQuery: string;
}

/**
 * The result of `doctor()`.
 *
 * @example
 * const diagnosis: Diagnosis = await doctor();
 * const missing = diagnosis.capabilities.filter(({ can }) => !can).map(({ name }) => name);
 */
export interface Diagnosis {
  /** Every capability. */
  readonly capabilities: readonly Capability[];
  /** What decides them, for a report. */
  readonly facts: LinuxFacts | WindowsFacts | { readonly port: 'unsupported' };
}

/**
 * Finds out which parts of the package this process can use, and what is missing for the others. It acts as another user
 * for a moment and, if there is a keytab, asks a KDC for its time. `npx impersonate doctor` prints the result; run it as
 * the service runs.
 *
 * @returns Each capability, and the facts that decide it.
 * @throws ImpersonationError Rejects with the system's error if the process's own identity cannot be read.
 * @example
 * const { capabilities } = await doctor();
 * for (const { name, can, because, fix } of capabilities) if (!can) console.error(name, because, fix);
 */
export function doctor(): Promise<Diagnosis> {
  return asProcess(() => {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- on first use
    const { diagnose } = require('./diagnosis') as typeof Diagnosing;
    return diagnose();
  });
}
