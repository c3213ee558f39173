import { probeAddon } from '../paths';

/** The Linux test addon: raw system calls on the calling thread. */
export interface Probe {
  /** Each returns 0 or the errno; an id of -1 stays as it is. */
  setUserIds(real: number, effective: number, saved: number): number;
  setGroupIds(real: number, effective: number, saved: number): number;
  /** By which the kernel judges what is opened; never -1. */
  setFileIds(uid: number, gid: number): number;
  /** Those permitted and effective from now on. */
  setCapabilities(bits: number): number;
  /** Those effective from now on, of the permitted ones among the first 32. */
  setEffective(bits: number): number;
  /** SECBIT_ flags. */
  setSecurebits(bits: number): number;
  setGroups(groups: number[]): number;
  /**
   * From now on the system call fails with `errno` on this thread, for good; 0 is a false success. Only with that first
   * argument if it is given, or with that effective id for setresuid and setresgid.
   */
  failSyscall(name: string, errno: number, argument?: number): void;
  /** The same on every thread that there is. */
  failSyscallOnAllThreads(name: string, errno: number, argument?: number): void;
  /** Leaves effective ids and groups on a pool thread, as a forgetful addon would; 0 or the errno. */
  changePoolThread(uid: number, gid: number, groups: number[]): Promise<number>;
}

/** Loaded at the first call: only what needs it fails where it is not built. */
export function probe(): Probe {
  return require(probeAddon) as Probe;
}
