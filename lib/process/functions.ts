import type {
  ChildProcess,
  ExecFileException,
  ExecFileOptions,
  ExecOptions,
  PromiseWithChild,
} from 'node:child_process';
import type { promisify } from 'node:util';
import type { ProgramOptions } from './options';

/**
 * The options of one of node's functions and ours. The user of a program is the token's.
 *
 * @example
 * import type { SpawnOptions } from 'node:child_process';
 * const options: OptionsAsUser<SpawnOptions> = { cwd: '/srv/files', tree: true, stdio: 'inherit' };
 */
export type OptionsAsUser<T> = Omit<T, 'uid' | 'gid'> & ProgramOptions;

/**
 * What makes the output bytes.
 *
 * @example
 * const bytes: BytesOutput = { encoding: 'buffer' };
 * const version = token.execFileSync(process.execPath, ['--version'], bytes);
 * console.log(Buffer.isBuffer(version)); // Prints: true
 */
export interface BytesOutput {
  /** No encoding. */
  readonly encoding: 'buffer' | null;
}

/**
 * What makes the output text.
 *
 * @example
 * const text: TextOutput = { encoding: 'utf8' };
 * const version = token.execFileSync(process.execPath, ['--version'], text);
 * console.log(version.trim() === process.version); // Prints: true
 */
export interface TextOutput {
  /** The encoding of the output. */
  readonly encoding: BufferEncoding;
}

type Args = readonly string[] | null | undefined;
type Callback<T> = (error: ExecFileException | null, stdout: T, stderr: T) => void;
type Promised<T> = PromiseWithChild<{ stdout: T; stderr: T }>;

/**
 * `token.exec`: `child_process.exec()` as the token's user.
 *
 * @example
 * import { promisify } from 'node:util';
 * const exec: ExecAs = token.exec;
 * const { stdout } = await promisify(exec)('whoami');
 */
export interface ExecAs {
  /** Runs a command in a shell. The callback gets the error, if there is one, and the output. */
  (command: string, callback?: Callback<string>): ChildProcess;
  (
    command: string,
    options: OptionsAsUser<ExecOptions> & BytesOutput,
    callback?: Callback<Buffer<ArrayBuffer>>,
  ): ChildProcess;
  (command: string, options: OptionsAsUser<ExecOptions>, callback?: Callback<string>): ChildProcess;
  /** The function that `util.promisify()` returns. */
  readonly [promisify.custom]: {
    (command: string, options: OptionsAsUser<ExecOptions> & BytesOutput): Promised<Buffer<ArrayBuffer>>;
    (command: string, options?: OptionsAsUser<ExecOptions>): Promised<string>;
  };
}

/**
 * `token.execFile`: `child_process.execFile()` as the token's user.
 *
 * @example
 * import { promisify } from 'node:util';
 * const execFile: ExecFileAs = token.execFile;
 * const { stdout } = await promisify(execFile)('whoami');
 */
export interface ExecFileAs {
  /** Runs a program. The callback gets the error, if there is one, and the output. */
  (file: string, callback?: Callback<string>): ChildProcess;
  (
    file: string,
    args: Args,
    options: OptionsAsUser<ExecFileOptions> & BytesOutput,
    callback?: Callback<Buffer<ArrayBuffer>>,
  ): ChildProcess;
  (
    file: string,
    args: Args,
    options: OptionsAsUser<ExecFileOptions>,
    callback?: Callback<string>,
  ): ChildProcess;
  (
    file: string,
    options: OptionsAsUser<ExecFileOptions> & BytesOutput,
    callback?: Callback<Buffer<ArrayBuffer>>,
  ): ChildProcess;
  (file: string, given: Args | OptionsAsUser<ExecFileOptions>, callback?: Callback<string>): ChildProcess;
  /** The function that `util.promisify()` returns. */
  readonly [promisify.custom]: {
    (
      file: string,
      args: Args,
      options: OptionsAsUser<ExecFileOptions> & BytesOutput,
    ): Promised<Buffer<ArrayBuffer>>;
    (file: string, options: OptionsAsUser<ExecFileOptions> & BytesOutput): Promised<Buffer<ArrayBuffer>>;
    (file: string, options?: Args | OptionsAsUser<ExecFileOptions>): Promised<string>;
    (file: string, args: Args, options?: OptionsAsUser<ExecFileOptions>): Promised<string>;
  };
}
