import { execFile, execFileSync, spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { promisify } from 'node:util';
import { root } from '../support/paths';

/** Accounts of scripts/samba/provision.sh: users, and machines by the name without the dollar. */
export type DomainUser =
  ('imp-alice' | 'imp-bob' | 'imp-sensitive' | 'imp-protected') | ('administrator' | 'root' | 'daemon');
export const domain = 'IMPERSONATE';
export const passwordOf = (user: DomainUser): string =>
  user === 'administrator' ? 'Pass-word.of-nobody.1' : `password-of-${user}`;

const folder = '/run/tickets';
/** The environment of a process that has the tickets of a cache. */
export const ticketsOf = (user: string): NodeJS.ProcessEnv => ({
  ...process.env,
  KRB5CCNAME: `FILE:${join(folder, user)}`,
});

/** Gets the user a ticket-granting ticket by password, from the domain controller, into the cache of that name. */
export function logOn(user: DomainUser, cache: string = user, ...options: readonly string[]): void {
  const env = ticketsOf(cache);
  execFileSync('kinit.mit', [...options, user], { env, input: `${passwordOf(user)}\n`, stdio: 'pipe' });
}

/** A program that replies to each line with a line, until the end of the test file. */
class Conversation {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: Interface;

  constructor(program: string, args: readonly string[], env = process.env) {
    this.#child = spawn(program, args, { env });
    this.#child.on('error', () => {});
    this.#lines = createInterface(this.#child.stdout);
  }

  send(line: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const ended = (): void => reject(new Error('the client has ended'));
      this.#lines.once('close', ended).once('line', (reply) => {
        this.#lines.off('close', ended);
        resolve(reply);
      });
      this.#child.stdin.write(`${line}\n`);
    });
  }

  end(): void {
    this.#child.kill('SIGKILL');
  }
}

/** A client that authenticates. */
export interface Client {
  /** The first message, or the message after a reply; null if the client accepts the reply as the last one. */
  next(reply?: string): Promise<Buffer | null>;
}

const conversations: Conversation[] = [];
export function endClients(): void {
  for (const conversation of conversations.splice(0)) conversation.end();
}

function converse(...args: ConstructorParameters<typeof Conversation>): Conversation {
  const conversation = new Conversation(...args);
  conversations.push(conversation);
  return conversation;
}

/** MIT Kerberos with the user's tickets and mutual authentication. */
export function kerberosClient(
  user: string,
  mechanism: 'spnego' | 'krb5',
  service = 'HTTP@localhost',
): Client {
  const program = join(root, 'dist-test', 'samba', 'kerberos-client.js');
  const conversation = converse(process.execPath, [program, service, mechanism], ticketsOf(user));
  return {
    async next(reply = '') {
      const [kind, text = ''] = (await conversation.send(reply)).split(/ (.*)/);
      if (kind === 'done') return null;
      if (kind === 'message') return Buffer.from(text, 'base64');
      throw new Error(text);
    },
  };
}

/** Samba's NTLM with a password. */
export function ntlmClient(user: string, password: string): Client {
  const args = ['--helper-protocol=ntlmssp-client-1', `--domain=${domain}`, `--username=${user}`];
  const conversation = converse('ntlm_auth', [...args, `--password=${password}`]);
  return {
    async next(reply) {
      const line = await conversation.send(reply === undefined ? 'YR' : `TT ${reply}`);
      const [, message] = /^(?:YR|KK|AF) (\S+)$/.exec(line) ?? [];
      if (message === undefined) throw new Error(line);
      return Buffer.from(message, 'base64');
    },
  };
}

/** The output of curl, followed by a line with the status. */
export async function curl(url: string, user: string, ...options: readonly string[]): Promise<string> {
  const args = ['--silent', '--write-out', '\n%{http_code}', '--max-time', '30', ...options, url];
  const { stdout } = await promisify(execFile)('curl', args, { env: ticketsOf(user) });
  return stdout;
}
