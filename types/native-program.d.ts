import type { TokenId } from './native';
import type { NativePendingLogon } from './native-logon';

/** A program that was started, until `closeProgram`. */
export type ProgramId = number;

/** The user of a program: a token's, or that of a name and a password, which can be used once (Windows). */
export type ProgramUser = TokenId | NativePendingLogon;

/** What a program gets as a descriptor: nothing, one of this process, or one end of a pipe. */
export type NativeStdio = null | number | 'pipe' | 'overlapped';

/** A limit of a resource (Linux): its number, the soft and the hard limit; -1 for none. */
export type NativeLimit = [resource: number, soft: number, hard: number];

/** A PAM session around a program (Linux). */
export interface NativeSession {
  readonly service: string;
  /** The command of the process that calls `runSessionMonitor()`, and its environment. */
  readonly monitor: readonly string[];
  readonly monitorEnv: readonly string[];
  /** Whether the session's variables do not replace those of `env`. */
  readonly keepsEnv: boolean;
}

export interface NativeProgramOptions {
  /** A path, or a name that is looked up as the user in PATH of `env`. */
  readonly file: string;
  /** The first one is the name that the program sees. */
  readonly args: readonly string[];
  /** Entered as the user; the process's if it is undefined. */
  readonly cwd: string | undefined;
  /** NAME=value; undefined, with a logon only, for the user's environment at login. */
  readonly env: readonly string[] | undefined;
  readonly stdio: readonly NativeStdio[];
  readonly detached: boolean;
  /** A signal reaches all that the program has started, too. */
  readonly tree: boolean;
  readonly windowsHide: boolean;
  readonly windowsVerbatimArguments: boolean;
  /** Windows: programs that it starts may leave its job. */
  readonly breakaway: boolean;
  /** Windows: the user's profile is loaded while it runs. */
  readonly profile: boolean;
  /** Windows: window station and desktop; those of the user’s logon session if it is empty. */
  readonly desktop: string;
  /** Linux; undefined: for a token from which groups or privileges have been removed. */
  readonly noNewPrivileges: boolean | undefined;
  readonly limits: readonly NativeLimit[];
  /** Linux. */
  readonly session: NativeSession | undefined;
}

export interface NativeProgram {
  id: ProgramId;
  pid: number;
  /** This process's ends of the pipes, by index of stdio; -1 elsewhere. The caller owns them. */
  descriptors: number[];
}

/** What the programs that `runProgram` waits for get beside their options. */
export interface NativeRunOptions extends NativeProgramOptions {
  /** By index of stdio: what is written to the pipe before it is closed; undefined for nothing. */
  readonly input: readonly (Uint8Array | undefined)[];
  /** By index of stdio: whether what comes out of the pipe is returned. */
  readonly output: readonly boolean[];
  /** Milliseconds; 0 for no limit. */
  readonly timeout: number;
  /** The most bytes of all outputs together; -1 for no limit. */
  readonly maxBuffer: number;
  readonly killSignal: number;
}

export interface NativeRun {
  pid: number;
  status: number | null;
  /** 0 if it exited. */
  signal: number;
  output: (Uint8Array | null)[];
  /** libuv's negative number, ETIMEDOUT or ENOBUFS; 0 for none. */
  error: number;
}

export interface NativePrograms {
  /**
   * Starts a program as the user and calls `ended` from the event loop when it has ended, in the async context of
   * this call. Returns libuv's negative number for what the system answers. Throws for a closed token, one whose level
   * does not allow work, and what makes it impossible to start any program as the user.
   */
  startProgram(
    user: ProgramUser,
    options: NativeProgramOptions,
    ended: (code: number, signal: number) => void,
  ): NativeProgram | number;
  /** Sends a signal as the user, 0 to ask: 0 or libuv's negative number. */
  killProgram(program: ProgramId, signal: number): number;
  /** Whether the program keeps the event loop alive; it does from the start. */
  keepLoopForProgram(program: ProgramId, keep: boolean): void;
  /** Releases the program's handle: `ended` is not called any more. The program goes on. */
  closeProgram(program: ProgramId): void;
  /** The same as `startProgram` with this thread waiting. */
  runProgram(token: TokenId, options: NativeRunOptions): NativeRun | number;
  /** A descriptor of a pipe whose other end is closed. The caller owns it. */
  endedPipe(): number;
  /** The body of a session's monitor, on the main thread of a process of its own. It does not return. */
  runSessionMonitor(): never;
  /** The environment that a login gives the token's user: NAME=value. */
  loginEnvironment(token: TokenId): string[];
}
