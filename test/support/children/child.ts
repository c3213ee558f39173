import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { tempFolder } from '../folders';
import { product, productModule, unrouted } from '../paths';
import { endWithoutProgress } from './progress';

export interface ChildResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ChildOptions {
  readonly execArgv?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** A command that starts node, with its arguments: `setpriv`, `prlimit`. */
  readonly through?: readonly string[];
  readonly execPath?: string;
  /** Milliseconds without progress until the child is killed and the test fails: see endWithoutProgress. */
  readonly patience?: number;
}

/**
 * How a source becomes a file: 'main' is the body of an async function of a CommonJS file, 'cjs' and 'mjs'
 * are top-level code of a module. Each has Token, Impersonation, ImpersonationError, lookupAccount, world and
 * print(text), which prints a line at once; 'unrouted' is 'main' with impersonate/unrouted. 'bare' and 'module' are a
 * CommonJS file and a module as they stand.
 */
export type SourceKind = 'main' | 'unrouted' | 'cjs' | 'mjs' | 'bare' | 'module';

const worldPath = require.resolve('../world/world');
const names = 'Token, Impersonation, ImpersonationError, lookupAccount';
const print = 'const print = (text) => { fs.writeSync(1, `${text}\\n`); };';

const commonPreamble = (entry: string): string =>
  [
    "'use strict';",
    "const fs = require('node:fs');",
    `const { ${names} } = require(${JSON.stringify(entry)});`,
    `const { world } = require(${JSON.stringify(worldPath)});`,
    print,
  ].join('\n');

const modulePreamble = [
  "import fs from 'node:fs';",
  "import { createRequire } from 'node:module';",
  'const require = createRequire(import.meta.url);',
  `import { ${names} } from ${JSON.stringify(pathToFileURL(productModule).href)};`,
  `import { world } from ${JSON.stringify(pathToFileURL(worldPath).href)};`,
  print,
].join('\n');

const main = (source: string): string =>
  `(async () => {\n${source}\n})().catch((error) => { console.error(error); process.exitCode = 1; });`;

const texts: Record<SourceKind, (source: string) => string> = {
  main: (source) => `${commonPreamble(product)}\n${main(source)}\n`,
  unrouted: (source) => `${commonPreamble(unrouted)}\n${main(source)}\n`,
  cjs: (source) => `${commonPreamble(product)}\n${source}\n`,
  mjs: (source) => `${modulePreamble}\n${source}\n`,
  bare: (source) => `${source}\n`,
  module: (source) => `${source}\n`,
};

let folder: string | undefined;
let files = 0;

/** Writes the source to a new file and returns its path. */
export function writeSource(kind: SourceKind, source: string): string {
  folder ??= tempFolder('child');
  const path = join(
    folder,
    `child-${String(files++)}.${kind === 'mjs' || kind === 'module' ? 'mjs' : 'cjs'}`,
  );
  writeFileSync(path, texts[kind](source));
  return path;
}

/** Runs a compiled script with this Node in a child process. */
export function runProgram(path: string, options: ChildOptions = {}): Promise<ChildResult> {
  const node = [
    options.execPath ?? process.execPath,
    ...(options.execArgv ?? []),
    path,
    ...(options.args ?? []),
  ];
  const [command = '', ...args] = [...(options.through ?? []), ...node];
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      env: { ...process.env, NODE_OPTIONS: '', ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    endWithoutProgress(child, options.patience ?? 120_000);
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (child.killed) reject(new Error(`the child did not end\nstdout: ${stdout}\nstderr: ${stderr}`));
      else resolve({ code, signal, stdout, stderr });
    });
  });
}

export function runSource(
  source: string,
  options?: ChildOptions,
  kind: SourceKind = 'main',
): Promise<ChildResult> {
  return runProgram(writeSource(kind, source), options);
}

/** Runs a source on a worker thread and resolves to its output. */
export async function runOnThread(
  source: string,
  execArgv: string[] = [],
  kind: SourceKind = 'bare',
): Promise<{ readonly stdout: string; readonly stderr: string }> {
  const worker = new Worker(writeSource(kind, source), { execArgv, stdout: true, stderr: true });
  const ended = once(worker, 'exit');
  const [stdout, stderr] = await Promise.all([text(worker.stdout), text(worker.stderr)]);
  expect(await ended).toEqual([0]);
  return { stdout, stderr };
}

// Short programs may end with open tokens, which the engine may collect before. The modules that they load before the
// package do not use functions of Node in a flow.
const quiet = ['TOKEN_NOT_CLOSED', 'LOADED_LATE'].map((code) => `--disable-warning=IMPERSONATE_${code}`);

/** Runs the source, expects that it succeeds, and resolves to the lines that it printed. */
export async function linesOf(
  source: string,
  options: ChildOptions = {},
  kind?: SourceKind,
): Promise<string[]> {
  const execArgv = [...quiet, ...(options.execArgv ?? [])];
  const result = await runSource(source, { ...options, execArgv }, kind);
  const { code, signal, stderr } = result;
  expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' });
  return result.stdout.split(/\r?\n/).filter(Boolean);
}
