import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { chmodSync, chownSync, copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Capability, Diagnosis, LinuxFacts } from 'impersonate';
import { type ChildOptions, linesOf } from '../support/children/child';
import { tempFolder } from '../support/folders';
import { asService, serviceIds } from '../support/linux/environment';
import { describeKerberos, type Kdc, realm, startKdc } from '../support/linux/kdc';

const product = JSON.stringify(require.resolve('impersonate'));

interface Found {
  readonly accepting: Capability;
  readonly kerberos: LinuxFacts['kerberos'];
}

async function diagnose(options: ChildOptions): Promise<Found> {
  const [line = ''] = await linesOf(`print(JSON.stringify(await require(${product}).doctor()));`, options);
  const { capabilities, facts } = JSON.parse(line) as Diagnosis;
  const accepting = capabilities.find(({ name }) => name === 'negotiate-accept') as Capability;
  return { accepting, kerberos: (facts as LinuxFacts).kerberos };
}

describeKerberos('the doctor and Kerberos', () => {
  let kdc: Kdc;
  let folder: string;
  let keytab: string;
  beforeAll(async () => {
    kdc = await startKdc();
    folder = tempFolder('doctor-kerberos');
    keytab = String(kdc.env.KRB5_KTNAME).replace(/^FILE:/, '');
  });
  afterAll(() => kdc.stop());

  const service = asService(['setuid', 'setgid']);
  const env = (changes: NodeJS.ProcessEnv = {}): ChildOptions => ({ env: { ...kdc.env, ...changes } });

  /** A file that only the service may read. */
  const ownFile = (name: string, from: string): string => {
    const file = join(folder, name);
    copyFileSync(from, file);
    chmodSync(file, 0o600);
    chownSync(file, serviceIds.uid, serviceIds.gid);
    return file;
  };
  /** krb5.conf with lines changed. */
  const config = (name: string, change: (text: string) => string): string => {
    const file = join(folder, name);
    writeFileSync(file, change(readFileSync(String(kdc.env.KRB5_CONFIG), 'utf8')));
    return file;
  };

  test('reads the principals of the keytab and the clock of the KDC', async () => {
    const { accepting, kerberos } = await diagnose(env());
    expect(accepting).toEqual({ name: 'negotiate-accept', can: true });
    const listed = execFileSync('klist', ['-k', keytab], { encoding: 'utf8' });
    const principals = [...listed.matchAll(/^ *\d+ (\S+)/gm)].map(([, principal]) => principal);
    expect(kerberos.principals).toEqual([...new Set(principals)]);
    expect(kerberos.principals).toContain(`HTTP/localhost@${realm}`);
    expect(kerberos).toMatchObject({
      keytab,
      realm,
      allowedSkew: 300,
      kdc: expect.stringMatching(/^127\.0\.0\.1:/) as string,
    });
    expect(Math.abs(kerberos.skew ?? NaN)).toBeLessThan(5);
  });

  test('does not read the clock of an earlier reply, which a KDC repeats', async () => {
    const requests: Buffer[] = [];
    const recorder = createSocket('udp4').bind(0, '127.0.0.1');
    recorder.on('message', (message) => requests.push(message));
    await once(recorder, 'listening');
    const { port } = recorder.address();
    const file = config('recorder.conf', (text) =>
      text.replaceAll(/kdc = 127\.0\.0\.1:\d+/g, `kdc = 127.0.0.1:${String(port)}`),
    );
    for (let round = 0; round < 2; round++) await diagnose(env({ KRB5_CONFIG: file }));
    recorder.close();
    expect(requests).toHaveLength(2);
    const [one, other] = requests as [Buffer, Buffer];
    expect(one.length).toBe(other.length);
    expect(one.equals(other)).toBe(false);
  });

  test('a keytab that the service may not read: one of its own mends it', async () => {
    const { accepting } = await diagnose({ ...env(), through: service });
    expect(accepting).toMatchObject({
      can: false,
      because: expect.stringMatching(/^the keytab \S+ cannot be read: EACCES/) as string,
    });
    expect(accepting.fix).toContain('KRB5_KTNAME');
    const own = ownFile('own.keytab', keytab);
    expect(await diagnose({ ...env({ KRB5_KTNAME: own }), through: service })).toMatchObject({
      accepting: { can: true },
    });
  });

  test('a keytab that is not there, or is something else', async () => {
    const missing = await diagnose(env({ KRB5_KTNAME: join(folder, 'none') }));
    expect(missing.accepting.because).toContain('ENOENT');
    const garbage = join(folder, 'garbage');
    writeFileSync(garbage, 'garbage');
    expect((await diagnose(env({ KRB5_KTNAME: garbage }))).accepting.because).toContain('not a keytab');
    writeFileSync(garbage, readFileSync(keytab).subarray(0, 100));
    expect((await diagnose(env({ KRB5_KTNAME: garbage }))).accepting.because).toContain('cannot be read');
    expect((await diagnose(env({ KRB5_KTNAME: 'MEMORY:x' }))).accepting.because).toContain('not a file');
  });

  test('a keytab or krb5.conf without an end: neither is waited on', async () => {
    const fifo = join(folder, 'fifo');
    execFileSync('mkfifo', [fifo]);
    for (const file of [fifo, '/dev/zero'])
      expect((await diagnose(env({ KRB5_KTNAME: file }))).accepting.because).toContain('not a regular file');
    const cyclic = join(folder, 'cyclic.conf');
    writeFileSync(cyclic, `include ${cyclic}\n`.repeat(100));
    for (const file of [fifo, cyclic])
      expect((await diagnose(env({ KRB5_CONFIG: file }))).kerberos.principals).not.toEqual([]);
  });

  test('a keytab without a key of HTTP: ktadd, as the advice has it, mends it', async () => {
    const file = join(folder, 'host.keytab');
    const kadmin = (command: string): void => {
      execFileSync('/usr/sbin/kadmin.local', ['-r', realm], {
        env: kdc.env,
        input: `${command}\n`,
        stdio: ['pipe', 'pipe', 'pipe'],
      });
    };
    kadmin(`ktadd -norandkey -k ${file} host/localhost`);
    const { accepting, kerberos } = await diagnose(env({ KRB5_KTNAME: file }));
    expect(kerberos.principals).toEqual([`host/localhost@${realm}`]);
    expect(accepting).toMatchObject({
      can: false,
      because: `the keytab ${file} has no key of a principal HTTP/...`,
    });
    const [, command = ''] = /: (ktadd .*)$/.exec(accepting.fix ?? '') ?? [];
    kadmin(command.replace('ktadd', 'ktadd -norandkey').replace('host.example.com', 'localhost'));
    expect((await diagnose(env({ KRB5_KTNAME: file }))).accepting).toMatchObject({ can: true });
  });

  test('a clock that differs too much, until it does not', async () => {
    let hours = 0;
    const relay = createSocket('udp4').bind(0, '127.0.0.1');
    await once(relay, 'listening');
    const port = Number(
      /kdc = 127\.0\.0\.1:(\d+)/.exec(readFileSync(String(kdc.env.KRB5_CONFIG), 'utf8'))?.[1],
    );
    // Passes on what the KDC replies, with another time in it.
    relay.on('message', (message, { port: from }) => {
      const there = createSocket('udp4').once('message', (reply) => {
        const text = reply.toString('latin1').replace(/\d{14}Z/, (time) => {
          const iso = time.replace(/(....)(..)(..)(..)(..)(..)Z/, '$1-$2-$3T$4:$5:$6Z');
          const moved = new Date(Date.parse(iso) + hours * 3_600_000).toISOString();
          return `${moved.replace(/\D/g, '').slice(0, 14)}Z`;
        });
        relay.send(Buffer.from(text, 'latin1'), from, '127.0.0.1');
        there.close();
      });
      there.send(message, port, '127.0.0.1');
    });
    const { port: relayed } = relay.address();
    const moved = config('moved.conf', (text) =>
      text.replaceAll(`127.0.0.1:${String(port)}`, `127.0.0.1:${String(relayed)}`),
    );
    try {
      for (const [shift, words] of [
        [2, 'ahead of'],
        [-2, 'behind'],
      ] as const) {
        hours = shift;
        const { accepting, kerberos } = await diagnose(env({ KRB5_CONFIG: moved }));
        expect(Math.abs((kerberos.skew ?? NaN) - shift * 3600)).toBeLessThan(5);
        expect(accepting.because).toMatch(
          new RegExp(
            `^the clock of the KDC 127\\.0\\.0\\.1:${String(relayed)} is \\d+(\\.\\d+)? s ${words} this one, and 300 s are accepted$`,
          ),
        );
        expect(accepting.fix).toContain('chrony');
      }
      const tolerant = config('tolerant.conf', () =>
        readFileSync(moved, 'utf8').replace('[libdefaults]', '[libdefaults]\n  clockskew = 9000'),
      );
      expect((await diagnose(env({ KRB5_CONFIG: tolerant }))).accepting).toMatchObject({ can: true });
      hours = 0;
      expect((await diagnose(env({ KRB5_CONFIG: moved }))).accepting).toMatchObject({ can: true });
    } finally {
      relay.close();
    }
  });

  test('a KDC that does not reply leaves the clock unknown', async () => {
    const silent = createSocket('udp4').bind(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address();
    const file = config('silent.conf', (text) =>
      text.replaceAll(/kdc = 127\.0\.0\.1:\d+/g, `kdc = 127.0.0.1:${String(port)}`),
    );
    try {
      const { accepting, kerberos } = await diagnose(env({ KRB5_CONFIG: file }));
      expect(accepting.can).toBe(true);
      expect(kerberos).toMatchObject({
        realm,
        kdcProblem: expect.stringContaining('does not reply') as string,
      });
      expect(kerberos.skew).toBeUndefined();
    } finally {
      silent.close();
    }
  });

  test('the files of krb5.conf that include others, and the keytab that it names', async () => {
    const part = join(folder, 'part');
    const own = ownFile('named.keytab', keytab);
    writeFileSync(
      part,
      `[libdefaults]\n  default_keytab_name = FILE:${own}\n  clockskew = 60\n[realms]\n  OTHER = {\n    kdc = nowhere\n  }\n`,
    );
    const file = config(
      'including.conf',
      (text) =>
        `include ${part}\n${text.replaceAll('    kdc', '    sub = {\n      kdc = other\n    }\n    kdc')}`,
    );
    const { accepting, kerberos } = await diagnose(env({ KRB5_CONFIG: file, KRB5_KTNAME: undefined }));
    expect(accepting.can).toBe(true);
    expect(kerberos).toMatchObject({ keytab: own, allowedSkew: 60, realm });
    expect(kerberos.kdc).toMatch(/^127\.0\.0\.1:/);
  });
});
