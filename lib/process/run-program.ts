import { constants } from 'node:os';
import type { TokenId } from '../../types/native';
import type { NativeRunOptions } from '../../types/native-program';
import { native } from '../internal/binding';
import { ProgramCredentials } from './credentials';
import { signalName } from './program-handle';
import { type NodeOptions, orTooManyFiles, type Stdio, prepare, type Start, toNativeStdio } from './start';

/** What node's binding for synchronous programs gets. */
export interface SyncOptions extends NodeOptions {
  readonly timeout?: unknown;
  readonly maxBuffer?: unknown;
  readonly killSignal?: unknown;
}

/** What it returns. */
interface SyncResult {
  pid: number;
  status: number | null;
  signal: string | null;
  output: (Buffer | null)[] | null;
  /** libuv's error number. */
  error?: number;
}

const numberOf = (value: unknown, otherwise: number): number =>
  typeof value === 'number' && value > 0 && Number.isFinite(value) ? value : otherwise;

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

const inputOf = ({ readable, input }: Stdio): Uint8Array | undefined =>
  readable && input ? bytesOf(input) : undefined;

const failed = (error: number): SyncResult => ({ pid: 0, status: null, signal: null, output: null, error });

/** Runs a program as the user while this thread waits, with the result of node's binding. */
export function runProgram(token: TokenId, given: SyncOptions, start: Start | undefined): SyncResult {
  const stdio = given.stdio as readonly Stdio[];
  const prepared = prepare(token, given, start);
  if (typeof prepared === 'number') return failed(prepared);
  const credentials = new ProgramCredentials(token, prepared.credentials);
  const options: NativeRunOptions = {
    ...prepared,
    env: credentials.addTo(prepared.env),
    stdio: stdio.map(toNativeStdio),
    input: stdio.map(inputOf),
    output: stdio.map(({ writable }) => Boolean(writable)),
    timeout: numberOf(given.timeout, 0),
    maxBuffer: numberOf(given.maxBuffer, -1),
    killSignal: numberOf(given.killSignal, constants.signals.SIGTERM),
  };
  const run = orTooManyFiles(() => {
    try {
      return native.runProgram(token, options);
    } finally {
      credentials.remove();
    }
  });
  if (typeof run === 'number') return failed(run);
  const { pid, status, signal, output, error } = run;
  return {
    pid,
    status,
    signal: signal === 0 ? null : signalName(signal),
    output: output.map((bytes) =>
      bytes === null ? null : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
    ),
    ...(error !== 0 && { error }),
  };
}
