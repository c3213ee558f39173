import { spawn } from 'node:child_process';
import type { ChildResult } from '../children/child';
import { commandFile } from '../children/command';
import { ended, isWindows } from '../children/programs';
import { endWithoutProgress } from '../children/progress';
import type { Fence } from './pages';
import {
  accountName,
  execArgvOfExamples,
  folderOfPrograms,
  inNamesOfExample,
  printsOf,
  whoami,
} from './programs';

/** Commands that this test does not run, and why. */
export const notRun: readonly (readonly [command: RegExp, reason: string])[] = [
  [/^npm install\b/, 'npm run test:install installs the package'],
  [
    /^npm (?:test|run [\w:]+)\b/,
    'runs the tests, the demo or the benchmarks of a clone, which takes minutes',
  ],
  [/^(?:kubectl|docker|systemctl|journalctl) /, 'needs a cluster, an engine or a service manager'],
  [/^(?:samba-tool|kinit|kvno|klist) /, 'needs a domain: npm run test:samba runs these commands'],
];

export interface Command {
  readonly words: readonly string[];
  readonly prints: readonly string[];
}

/** The commands of a fence, without those that are not run. */
export const commandsOf = ({ source }: Fence): Command[] =>
  source
    .replaceAll('\\\n', ' ')
    .split('\n')
    .map((line) => ({ line, command: line.replace(/(?:^|\s+)# .*$/, '').trim() }))
    .filter(({ command }) => command !== '' && !notRun.some(([pattern]) => pattern.test(command)))
    .map(({ line, command }) => ({ words: command.split(/\s+/), prints: printsOf(line, '#') }));

/** The arguments of node for a command. Throws if it is another program's. */
function argumentsOf([program, ...args]: readonly string[]): string[] {
  if (program === 'sudo') return argumentsOf(args);
  const [first, ...rest] = args;
  if (program === 'npx' && first === 'impersonate') return [...execArgvOfExamples(), commandFile, ...rest];
  if (program === 'node') return [...execArgvOfExamples(), ...args];
  throw new Error(`a command that the test does not know, and that notRun does not list: ${String(program)}`);
}

/** Runs a command as a shell would, with the users of the test. There are no quotes and no variables. */
export async function runCommandLine({ words }: Pick<Command, 'words'>): Promise<ChildResult> {
  const unknown = words.find((word) => /[^\w\-./:=@,]/.test(word));
  if (unknown !== undefined) throw new Error(`the test does not know what a shell makes of ${unknown}`);
  const named = words.flatMap((word, index) => {
    // Not the command of that name of this package.
    if (isWindows && word === 'whoami' && words[index - 1] === '--') return whoami();
    return word === 'alice' ? accountName : word;
  });
  const child = spawn(process.execPath, argumentsOf(named), {
    cwd: folderOfPrograms(),
    env: { ...process.env, NODE_OPTIONS: '' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  endWithoutProgress(child, 60_000);
  const { stdout, ...rest } = await ended(child);
  return { ...rest, stdout: inNamesOfExample(stdout.trimEnd()) };
}
