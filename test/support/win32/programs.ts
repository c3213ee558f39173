import type { Token } from 'impersonate';
import type { Native } from '../../../types/native';
import type {
  NativeProgram,
  NativeProgramOptions,
  NativeRun,
  NativeRunOptions,
} from '../../../types/native-program';

export const { native } = require('../../../dist/core') as { native: Native };

export const systemFolder = `${process.env.SystemRoot ?? 'C:\\windows'}\\system32`;

type Options = Partial<NativeRunOptions & NativeProgramOptions>;

const plain: NativeRunOptions = {
  file: '',
  args: [],
  cwd: undefined,
  env: [],
  stdio: [null, 'pipe', 'pipe'],
  detached: false,
  tree: false,
  windowsHide: false,
  windowsVerbatimArguments: false,
  breakaway: false,
  profile: false,
  desktop: '',
  noNewPrivileges: undefined,
  limits: [],
  input: [],
  output: [false, true, true],
  timeout: 0,
  maxBuffer: -1,
  killSignal: 15,
} as unknown as NativeRunOptions;

/** What is given to the system for a program with these arguments. */
export const optionsOf = (
  file: string,
  args: readonly string[] = [],
  options: Options = {},
): NativeRunOptions => ({ ...plain, file, args: [file, ...args], ...options });

/** The number by which the addon knows the token. */
export const idOf = (token: Token): number => (token as unknown as { openId(): number }).openId();

/** Runs a program as the token's user to its end. Returns libuv's number if it cannot be started. */
export function run(
  token: Token,
  file: string,
  args: readonly string[] = [],
  options: Options = {},
): NativeRun | number {
  return native.runProgram(idOf(token), optionsOf(file, args, options));
}

/** The same for a program that succeeds: its output. */
export function outputOf(
  token: Token,
  file: string,
  args: readonly string[] = [],
  options: Options = {},
): string {
  const result = run(token, file, args, options);
  if (typeof result === 'number') throw new Error(`${file} was not started: ${String(result)}`);
  const [, output, errors] = result.output.map((bytes) => Buffer.from(bytes ?? []).toString());
  expect({ status: result.status, error: result.error, errors }).toEqual({ status: 0, error: 0, errors: '' });
  return (output ?? '').trim();
}

export interface Started extends NativeProgram {
  /** 'code,signal' */
  readonly ended: Promise<string>;
}

/** Starts a program as the token's user, by default without pipes. */
export function start(
  token: Token,
  file: string,
  args: readonly string[] = [],
  options: Options = {},
): Started {
  let end: (text: string) => void = () => {};
  const ended = new Promise<string>((resolve) => (end = resolve));
  const started = native.startProgram(
    idOf(token),
    optionsOf(file, args, { stdio: [null, null, null], ...options }),
    (code, signal) => {
      native.closeProgram((started as NativeProgram).id);
      end(`${String(code)},${String(signal)}`);
    },
  );
  if (typeof started === 'number') throw new Error(`${file} was not started: ${String(started)}`);
  return { ...started, ended };
}

/** The SID of the user who runs a program that prints it. */
export const whoAmI = (token: Token, options?: Options): string =>
  /S-1-[-\d]+/.exec(outputOf(token, 'whoami', ['/user'], options))?.[0] ?? '';

/** Whether there is a process with this number. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
