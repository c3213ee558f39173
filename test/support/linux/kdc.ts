import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { cannotSwitch } from '../world/acting';
import { tempFolder } from '../folders';

export const realm = 'IMPERSONATE.TEST';
/** Another realm, which the first one trusts: its users get tickets there. */
export const foreignRealm = 'FOREIGN.TEST';

const cannot = cannotSwitch ?? process.env.IMPERSONATE_TEST_KERBEROS_SKIP;

/** Declares tests with a KDC; skips them, with the reason in the name, if that is impossible. */
export function describeKerberos(name: string, body: () => void): void {
  if (cannot === undefined) describe(name, body);
  else describe.skip(`${name} (skipped: ${cannot})`, body);
}

const users = {
  alice: `imp-alice@${realm}`,
  bob: `imp-bob@${realm}`,
  admin: `imp-alice/admin@${realm}`,
  nobody: `imp-nobody@${realm}`,
  root: `root@${realm}`,
  daemon: `daemon@${realm}`,
  foreign: `imp-alice@${foreignRealm}`,
};
export type KerberosUser = keyof typeof users;

const services = ['HTTP/localhost', 'host/localhost', 'postgres/localhost', 'HTTP/unknown'];
/** The server has no key for the last service. */
const ownServices = services.slice(0, 3);
const trust = `krbtgt/${realm}@${foreignRealm}`;
const sbin = '/usr/sbin/';

/** A temporary MIT KDC on a loopback port, whose users already have their tickets. */
export interface Kdc {
  /** The environment for Kerberos clients and servers; it names the keytab of a server too. */
  readonly env: NodeJS.ProcessEnv;
  /** The value of KRB5CCNAME for the tickets of that user, or of a principal that was added. */
  ticketsOf(user: string): string;
  /** Adds users, who get tickets, and returns their principals. Once. */
  addUsers(count: number): string[];
  stop(): Promise<void>;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

const realmSection = (name: string, lines: string[]): string =>
  [`  ${name} = {`, ...lines.map((line) => `    ${line}`), '  }'].join('\n');

function configure(folder: string, port: number): NodeJS.ProcessEnv {
  const address = `127.0.0.1:${String(port)}`;
  const realms = [realm, foreignRealm];
  const krb5 = join(folder, 'krb5.conf');
  const kdc = join(folder, 'kdc.conf');
  const settings = ['dns_lookup_kdc', 'dns_lookup_realm', 'dns_canonicalize_hostname', 'rdns'];
  writeFileSync(
    krb5,
    [
      '[libdefaults]',
      `  default_realm = ${realm}`,
      '  forwardable = true',
      ...settings.map((setting) => `  ${setting} = false`),
      '[realms]',
      ...realms.map((name) => realmSection(name, [`kdc = ${address}`])),
      '[domain_realm]',
      ...['localhost', 'unknown'].map((host) => `  ${host} = ${realm}`),
      '',
    ].join('\n'),
  );
  const filesOf = (name: string): string[] => [
    `database_name = ${join(folder, name)}`,
    `key_stash_file = ${join(folder, `${name}.stash`)}`,
  ];
  writeFileSync(
    kdc,
    [
      '[kdcdefaults]',
      `  kdc_listen = ${address}`,
      `  kdc_tcp_listen = ${address}`,
      '[realms]',
      ...realms.map((name) => realmSection(name, filesOf(name))),
      '[logging]',
      `  kdc = FILE:${join(folder, 'kdc.log')}`,
      '',
    ].join('\n'),
  );
  return {
    ...process.env,
    KRB5_CONFIG: krb5,
    KRB5_KDC_PROFILE: kdc,
    KRB5_KTNAME: `FILE:${join(folder, 'server.keytab')}`,
    KRB5RCACHEDIR: folder,
    LC_ALL: 'C',
  };
}

/** Creates databases, principals and keytabs. Every user's password is `pw`. */
function fill(folder: string, env: NodeJS.ProcessEnv): void {
  const run = (program: string, args: string[], input = ''): void => {
    execFileSync(program, args, { env, input, stdio: ['pipe', 'pipe', 'pipe'] });
  };
  for (const name of [realm, foreignRealm]) {
    run(`${sbin}kdb5_util`, ['create', '-s', '-r', name, '-P', 'master']);
    const own = Object.values(users).filter((user) => user.endsWith(`@${name}`));
    const commands = [...own, trust].map((principal) => `addprinc -pw pw ${principal}`);
    if (name === realm) {
      commands.push(...services.map((service) => `addprinc -randkey ${service}`));
      commands.push(`ktadd -k ${join(folder, 'server.keytab')} ${ownServices.join(' ')}`);
    }
    run(`${sbin}kadmin.local`, ['-r', name], `${commands.join('\n')}\n`);
  }
}

async function serve(env: NodeJS.ProcessEnv): Promise<ChildProcess> {
  const realms = ['-r', realm, '-r', foreignRealm];
  // Ends with the process of the tests, however that ends.
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', `${sbin}krb5kdc`, '-n', ...realms], {
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let output = '';
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject).once('exit', () => reject(new Error(`krb5kdc: ${output}`)));
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (output.includes('starting')) resolve();
    });
  });
  return child;
}

/** Creates principals with random keys, and gets their tickets with a keytab. */
function addUsers(
  folder: string,
  env: NodeJS.ProcessEnv,
  count: number,
  ticketsOf: (user: string) => string,
): string[] {
  const added = Array.from({ length: count }, (_, index) => `imp-user-${String(index)}@${realm}`);
  const keytab = join(folder, 'users.keytab');
  const commands = added.map((user) => `addprinc -randkey ${user}`);
  const input = `${[...commands, `ktadd -k ${keytab} ${added.join(' ')}`].join('\n')}\n`;
  execFileSync(`${sbin}kadmin.local`, ['-r', realm], { env, input, stdio: 'pipe' });
  for (const user of added)
    execFileSync('kinit', ['-c', ticketsOf(user), '-k', '-t', keytab, user], { env, stdio: 'pipe' });
  return added;
}

export async function startKdc(): Promise<Kdc> {
  const folder = tempFolder('kdc');
  const env = configure(folder, await freePort());
  fill(folder, env);
  const child = await serve(env);
  const ticketsOf = (user: string): string => `FILE:${join(folder, `${user}.tickets`)}`;
  for (const user of Object.keys(users) as KerberosUser[]) {
    execFileSync('kinit', ['-c', ticketsOf(user), users[user]], { env, input: 'pw\n', stdio: 'pipe' });
  }
  return {
    env,
    ticketsOf,
    addUsers: (count) => addUsers(folder, env, count, ticketsOf),
    async stop() {
      child.removeAllListeners('exit');
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    },
  };
}
