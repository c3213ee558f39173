import { probeAddon } from '../paths';

/** The Linux test addon: raw system calls on the calling thread. */
export interface Probe {
  /** Each returns 0 or the errno; an id of -1 stays as it is. */
  setUserIds(real: number, effective: number, saved: number): number;
  setGroupIds(real: number, effective: number, saved: number): number;
  /** The ids by which the kernel checks opened files; never -1. */
  setFileIds(uid: number, gid: number): number;
  /** Sets the permitted and effective capabilities. */
  setCapabilities(bits: number): number;
  /** Sets the effective capabilities, of the permitted ones among the first 32. */
  setEffective(bits: number): number;
  /** Sets the SECBIT_ flags. */
  setSecurebits(bits: number): number;
  setGroups(groups: number[]): number;
  /** Keeps the descriptor open in programs that the process executes. */
  inheritDescriptor(fd: number): number;
  /**
   * Lets the system call fail with `errno` on this thread, for good; 0 is a false success. With `argument`, only calls
   * with that first argument, or with that effective id for setresuid and setresgid, fail.
   */
  failSyscall(name: string, errno: number, argument?: number): void;
  /** Lets the system call wait for a signal that ends or stops its process, on this thread and the processes it creates. */
  holdSyscall(name: string): void;
  /** The same as failSyscall on every existing thread. */
  failSyscallOnAllThreads(name: string, errno: number, argument?: number): void;
}

/** Loads the addon at the first call, so that only the tests that need it fail if it is not built. */
export function probe(): Probe {
  return require(probeAddon) as Probe;
}
