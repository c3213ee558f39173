import type * as childProcess from 'node:child_process';
import { deferred } from '../internal/deferred';
import type { ExecAs, ExecFileAs, BytesOutput, TextOutput, OptionsAsUser } from '../process/functions';
import type { ProgramLogon } from '../process/logon-program';
import type { KnownFolder } from '../process/surroundings';
import type { UserProfile } from '../process/user-profile';
import { OpenToken } from './open-token';

type Args = readonly string[];
type ChildProcess = childProcess.ChildProcess;
type WithPipes = childProcess.ChildProcessWithoutNullStreams;
type Output = string | Buffer<ArrayBuffer>;
type Sync<T> = childProcess.SpawnSyncReturns<T>;

/** The programs and the surroundings of a token's user. */
export abstract class ProgramStarter extends OpenToken {
  /**
   * Starts a program as this user, with the arguments, the result and the errors of `child_process.spawn()`
   * (CreateProcessAsUserW; clone, setresuid and execve). Only `stdio` is inherited. The program has the user's environment
   * at login if `env` is not given, and none of the process's variables. Its events belong to the caller, and their
   * listeners do not run as the user. The program goes on when the token is closed.
   *
   * @param command - A path, or a name that is looked up as the user in PATH of the program's environment.
   * @param args - The arguments; they can be left out.
   * @param options - Those of node, without `uid` and `gid`, and `ProgramOptions`.
   * @returns The program. It emits `error` with node's codes, such as `ENOENT`, if it cannot be started.
   * @throws TypeError `ERR_INVALID_ARG_TYPE` or `ERR_INVALID_ARG_VALUE`.
   * @throws ImpersonationError `ERR_TOKEN_LEVEL`, `ERR_NOT_ROUTED` for `uid` and `gid`,
   * `ERR_FEATURE_UNAVAILABLE_ON_PLATFORM` for an option of the other system; or the system's error.
   * @example
   * const child = token.spawn('whoami', [], { cwd: '/srv/files' });
   * child.stdout.on('data', (text) => console.log(String(text)));
   */
  spawn(
    command: string,
    args?: Args,
    options?: OptionsAsUser<childProcess.SpawnOptionsWithoutStdio>,
  ): WithPipes;
  spawn(command: string, options: OptionsAsUser<childProcess.SpawnOptionsWithoutStdio>): WithPipes;
  spawn(command: string, args: Args, options: OptionsAsUser<childProcess.SpawnOptions>): ChildProcess;
  spawn(command: string, options: OptionsAsUser<childProcess.SpawnOptions>): ChildProcess;
  spawn(...given: unknown[]): ChildProcess {
    return deferred().startAs(this, 'spawn', given) as ChildProcess;
  }

  /**
   * Runs a command in a shell as this user, with the arguments, the result and the errors of `child_process.exec()`, and
   * the options of `spawn()` for the program. `util.promisify(token.exec)` returns promises, as for node's function.
   *
   * @throws ImpersonationError `ERR_TOKEN_CLOSED` when it is read; what `spawn()` throws when it is called.
   * @example
   * token.exec('whoami', (error, stdout) => console.log(error ?? stdout));
   */
  get exec(): ExecAs {
    return deferred().execAs(this) as ExecAs;
  }

  /**
   * Runs a program as this user and collects its output, with the arguments, the result and the errors of
   * `child_process.execFile()`, and the options of `spawn()` for the program. `util.promisify(token.execFile)` returns
   * promises, as for node's function.
   *
   * @throws ImpersonationError `ERR_TOKEN_CLOSED` when it is read; what `spawn()` throws when it is called.
   * @example
   * import { promisify } from 'node:util';
   * const { stdout } = await promisify(token.execFile)(process.execPath, ['--version']);
   * console.log(stdout.trim() === process.version); // Prints: true
   */
  get execFile(): ExecFileAs {
    return deferred().execFileAs(this) as ExecFileAs;
  }

  /**
   * Starts a module in another node as this user, with a channel for messages, as `child_process.fork()` does. The user
   * must be allowed to execute node and to read the module.
   *
   * @param modulePath - The module.
   * @param args - The arguments; they can be left out.
   * @param options - Those of node, without `uid` and `gid`, and `ProgramOptions`.
   * @returns The program.
   * @throws TypeError `ERR_INVALID_ARG_TYPE` or `ERR_INVALID_ARG_VALUE`.
   * @throws ImpersonationError What `spawn()` throws.
   * @example
   * const child = token.fork('/srv/app/report.js', ['--month', '7']);
   * child.on('message', (report) => console.log(report));
   */
  fork(
    modulePath: string | URL,
    args?: Args,
    options?: OptionsAsUser<childProcess.ForkOptions>,
  ): ChildProcess;
  fork(modulePath: string | URL, options: OptionsAsUser<childProcess.ForkOptions>): ChildProcess;
  fork(...given: unknown[]): ChildProcess {
    return deferred().startAs(this, 'fork', given) as ChildProcess;
  }

  /**
   * Runs a program as this user while this thread waits, as `child_process.spawnSync()` does.
   *
   * @param command - A path, or a name that is looked up as the user in PATH of the program's environment.
   * @param args - The arguments; they can be left out.
   * @param options - Those of node, without `uid` and `gid`, and `ProgramOptions`.
   * @returns What node's function returns, with `error` if the program could not be run to its end.
   * @throws TypeError `ERR_INVALID_ARG_TYPE` or `ERR_INVALID_ARG_VALUE`.
   * @throws ImpersonationError What `spawn()` throws; `ERR_NOT_ROUTED` with --permission.
   * @example
   * const { status, stdout } = token.spawnSync(process.execPath, ['--version'], { encoding: 'utf8' });
   * console.log(status); // Prints: 0
   */
  spawnSync(
    command: string,
    args: Args,
    options: OptionsAsUser<childProcess.SpawnSyncOptions> & TextOutput,
  ): Sync<string>;
  spawnSync(
    command: string,
    args?: Args,
    options?: OptionsAsUser<childProcess.SpawnSyncOptions> & Partial<BytesOutput>,
  ): Sync<Buffer<ArrayBuffer>>;
  spawnSync(
    command: string,
    options: OptionsAsUser<childProcess.SpawnSyncOptions> & TextOutput,
  ): Sync<string>;
  spawnSync(
    command: string,
    options: OptionsAsUser<childProcess.SpawnSyncOptions>,
  ): Sync<Buffer<ArrayBuffer>>;
  spawnSync(...given: unknown[]): Sync<Output> {
    return deferred().startAs(this, 'spawnSync', given) as Sync<Output>;
  }

  /**
   * Runs a command in a shell as this user while this thread waits, as `child_process.execSync()` does.
   *
   * @param command - The command.
   * @param options - Those of node, without `uid` and `gid`, and `ProgramOptions`.
   * @returns What the command has written to its standard output.
   * @throws Error Node's, with `status`, `signal` and the output, if the command fails or does not end in time.
   * @throws ImpersonationError What `spawnSync()` throws.
   * @example
   * const user = token.execSync('whoami', { encoding: 'utf8' });
   */
  execSync(command: string, options: OptionsAsUser<childProcess.ExecSyncOptions> & TextOutput): string;
  execSync(command: string, options?: OptionsAsUser<childProcess.ExecSyncOptions>): Buffer<ArrayBuffer>;
  execSync(...given: unknown[]): Output {
    return deferred().startAs(this, 'execSync', given) as Output;
  }

  /**
   * Runs a program as this user while this thread waits, as `child_process.execFileSync()` does.
   *
   * @param file - A path, or a name that is looked up as the user in PATH of the program's environment.
   * @param args - The arguments; they can be left out.
   * @param options - Those of node, without `uid` and `gid`, and `ProgramOptions`.
   * @returns What the program has written to its standard output.
   * @throws Error Node's, with `status`, `signal` and the output, if the program fails or does not end in time.
   * @throws ImpersonationError What `spawnSync()` throws.
   * @example
   * const version = token.execFileSync(process.execPath, ['--version'], { encoding: 'utf8' });
   */
  execFileSync(
    file: string,
    args: Args,
    options: OptionsAsUser<childProcess.ExecFileSyncOptions> & TextOutput,
  ): string;
  execFileSync(
    file: string,
    args?: Args,
    options?: OptionsAsUser<childProcess.ExecFileSyncOptions> & Partial<BytesOutput>,
  ): Buffer<ArrayBuffer>;
  execFileSync(file: string, options: OptionsAsUser<childProcess.ExecFileSyncOptions> & TextOutput): string;
  execFileSync(file: string, options: OptionsAsUser<childProcess.ExecFileSyncOptions>): Buffer<ArrayBuffer>;
  execFileSync(...given: unknown[]): Output {
    return deferred().startAs(this, 'execFileSync', given) as Output;
  }

  /**
   * Returns the environment that a login gives the user (CreateEnvironmentBlock; on Linux HOME, USER, LOGNAME, SHELL and
   * PATH): the one that programs have by default.
   *
   * @returns Names and values; none of the process's variables.
   * @throws ImpersonationError Rejects with the system's error.
   * @example
   * const environment = await token.environment();
   * token.spawn('whoami', { env: { ...environment, LANG: 'C' } });
   */
  environment(): Promise<Record<string, string>> {
    return deferred().environment(this);
  }

  /**
   * The user's home folder: HOME, or on Windows USERPROFILE, of `environment()`. It need not exist.
   *
   * @throws ImpersonationError The system's error.
   * @example
   * const child = token.spawn('whoami', { cwd: '/srv/files', env: { HOME: token.home } });
   */
  get home(): string {
    return deferred().homeOf(this);
  }

  /**
   * Returns a folder of the user by the name that Windows has for it (SHGetKnownFolderPath; on Linux the user's
   * user-dirs.dirs, read as the user, and the defaults of the XDG specifications). It need not exist.
   *
   * @param name - `Documents`, `Downloads`, `LocalAppData` and so on.
   * @returns The path.
   * @throws TypeError Rejects with `ERR_INVALID_ARG_TYPE` or `ERR_INVALID_ARG_VALUE`.
   * @throws ImpersonationError Rejects with the system's error.
   * @example
   * const folder = await token.knownFolder('Documents');
   * console.log(path.isAbsolute(folder)); // Prints: true
   */
  knownFolder(name: KnownFolder): Promise<string> {
    return deferred().knownFolder(this, name);
  }

  /**
   * Loads the user's profile (LoadUserProfileW), without which HKEY_CURRENT_USER and DPAPI do not work in scopes. The
   * process needs SeBackupPrivilege and SeRestorePrivilege, which services of LocalSystem have. On Linux there is nothing
   * to load.
   *
   * @returns The profile, loaded until it is disposed.
   * @throws ImpersonationError Rejects with the system's error.
   * @example
   * await using profile = await token.loadProfile();
   */
  loadProfile(): Promise<UserProfile> {
    return deferred().loadProfile(this);
  }
}

/**
 * Starts a program as a user by name and password, with the arguments, the result and the errors of
 * `child_process.spawn()`. The process needs no right and no token: this is for programs that are no service
 * (CreateProcessWithLogonW, by the service Secondary Logon). Windows. With rights, and on Linux, use `Token.logon()` and
 * `token.spawn()`.
 *
 * The thread waits for the logon, which is interactive: the user must have the right to log on locally. The password is
 * copied, and the copy is wiped before the function returns. Without `env` the program has the user's environment; its
 * name is then looked up in PATH of the process. The limits: no descriptor above 2, so no IPC; a command line of at most
 * 1,023 characters; a console of the program's own; not from LocalSystem; not in flows and scopes. Without
 * `options.desktop` Windows gives the user access to the desktop of the process.
 *
 * @param logon - The user, the password, and whether they are for other computers only.
 * @param command - A path, or a name that the process looks up. The service opens the file as the user.
 * @param args - The arguments; they can be left out.
 * @param options - Those of node, without `uid` and `gid`, and `ProgramOptions`.
 * @returns The program. It emits `error` with node's codes, such as `ENOENT`, if it cannot be started.
 * @throws TypeError `ERR_INVALID_ARG_TYPE` or `ERR_INVALID_ARG_VALUE`.
 * @throws ImpersonationError The error of the logon, as of `Token.logon()`, such as `ERROR_LOGON_FAILURE`;
 * `ERROR_SERVICE_DISABLED` without the service; `ERR_FEATURE_UNAVAILABLE_ON_PLATFORM` on Linux, and for what the service
 * cannot pass on; `ERR_NOT_ROUTED` in flows and scopes.
 * @example
 * const child = spawnWithLogon({ user: 'alice', password }, 'whoami', { stdio: ['ignore', 'pipe', 'inherit'] });
 * child.stdout?.pipe(process.stdout);
 */
export function spawnWithLogon(
  logon: ProgramLogon,
  command: string,
  args?: Args,
  options?: OptionsAsUser<childProcess.SpawnOptionsWithoutStdio>,
): WithPipes;
export function spawnWithLogon(
  logon: ProgramLogon,
  command: string,
  options: OptionsAsUser<childProcess.SpawnOptionsWithoutStdio>,
): WithPipes;
export function spawnWithLogon(
  logon: ProgramLogon,
  command: string,
  args: Args,
  options: OptionsAsUser<childProcess.SpawnOptions>,
): ChildProcess;
export function spawnWithLogon(
  logon: ProgramLogon,
  command: string,
  options: OptionsAsUser<childProcess.SpawnOptions>,
): ChildProcess;
export function spawnWithLogon(logon: ProgramLogon, ...given: unknown[]): ChildProcess {
  return deferred().spawnWithLogon(logon, given);
}
