import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { tempFolder } from '../folders';

export const isWindows = process.platform === 'win32';
export const node = process.execPath;

/** An expression of a program of node whose value is the user that the program runs as, by the kernel. */
export const whoAmI = isWindows
  ? `require(${JSON.stringify(require.resolve('../win32/seam'))}).seam().effectiveUser()`
  : 'String(process.geteuid())';

let folder: string | undefined;
let files = 0;

/** Writes a CommonJS program that every user may read, and returns its path. */
export function programFile(source: string): string {
  folder ??= tempFolder('program');
  const file = join(folder, `program-${String(files++)}.cjs`);
  writeFileSync(file, source);
  chmodSync(file, 0o644);
  return file;
}

/** How a program ended, and what it printed. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Resolves when the program has ended and its pipes are closed. */
export async function ended(child: ChildProcess): Promise<Ended> {
  const closed = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  const read = (stream: NodeJS.ReadableStream | null): Promise<string> =>
    stream ? text(stream) : Promise.resolve('');
  const [[code, signal], stdout, stderr] = await Promise.all([
    closed,
    read(child.stdout),
    read(child.stderr),
  ]);
  return { code, signal, stdout, stderr };
}

/** Resolves to what the program printed. Fails if it has not succeeded. */
export async function printed(child: ChildProcess): Promise<string> {
  const { stdout, ...rest } = await ended(child);
  expect(rest).toEqual({ code: 0, signal: null, stderr: '' });
  return stdout.trim();
}
