// The command `impersonate`. The package itself is loaded as late as possible: the doctor reports why it cannot be.
import { parseArgs, type ParseArgsConfig } from 'node:util';
import { runDoctor } from './commands/doctor';
import { complain, print } from './commands/print';
import { runProgram } from './commands/run';
import { runWhoami } from './commands/whoami';
import type * as Package from './unrouted';

const usage = `Usage:
  impersonate doctor [--json] [--need NAME]...   what this process can do, what is missing, and the remedy
  impersonate whoami [--user NAME] [--json]      user, groups, privileges and level of this process or of a user
  impersonate run --user NAME -- PROGRAM [ARGUMENT]...   runs a program as a user

doctor exits with 1 if a capability that --need names is missing. run exits as the program does.`;

// eslint-disable-next-line @typescript-eslint/no-require-imports -- on first use
const load = (): typeof Package => require('./unrouted') as typeof Package;

/** A wrong command line. */
class UsageError extends Error {}

const flag = { type: 'boolean', default: false } as const;
const user = { type: 'string' } as const;

function parse<T extends NonNullable<ParseArgsConfig['options']>>(
  args: string[],
  options: T,
): ReturnType<typeof parseArgs<{ args: string[]; options: T; allowPositionals: true }>> {
  try {
    return parseArgs({ args, options, allowPositionals: true });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function requireNone([first]: readonly string[]): void {
  if (first !== undefined) throw new UsageError(`Unexpected argument '${first}'`);
}

const commands: Readonly<Record<string, (args: string[]) => number | Promise<number>>> = {
  doctor(args) {
    const need = { type: 'string' as const, multiple: true as const, default: [] as string[] };
    const { values, positionals } = parse(args, { json: flag, need });
    requireNone(positionals);
    return runDoctor(load, { json: values.json, need: values.need });
  },
  whoami(args) {
    const { values, positionals } = parse(args, { json: flag, user });
    requireNone(positionals);
    return runWhoami(load(), { json: values.json, user: values.user });
  },
  run(args) {
    const { values, positionals: program } = parse(args, { user });
    if (values.user === undefined || values.user === '') throw new UsageError('run needs --user NAME');
    if (program.length === 0) throw new UsageError('run needs a program');
    return runProgram(load(), { user: values.user, program });
  },
  help() {
    print(usage);
    return 0;
  },
};

async function main([name = '', ...args]: readonly string[]): Promise<number> {
  const command = ['--help', '-h'].includes(name) ? 'help' : name;
  const run = Object.hasOwn(commands, command) ? commands[command] : undefined;
  if (!run) throw new UsageError(name === '' ? 'There is no command' : `There is no command '${name}'`);
  return run(args);
}

// A reader that has read enough, as in `doctor | head`, is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    const { code, message } = error as NodeJS.ErrnoException;
    process.exitCode = error instanceof UsageError ? 2 : 1;
    if (error instanceof UsageError) complain(message, 'impersonate --help has the commands');
    else complain(code === undefined ? message : `${code}: ${message}`);
  },
);
