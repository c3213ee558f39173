import { linesOf } from '../support/children/child';
import { delegatedSource } from '../support/linux/delegated';
import { describeKerberos, startKdc, type Kdc } from '../support/linux/kdc';
import { httpProduct } from '../support/paths';

const setup = (tickets: string): string => `
  const fs = require('node:fs');
  const { promisify } = require('node:util');
  ${delegatedSource(tickets)}
  // Without what a sanitizer preloads.
  const env = { PATH: '/usr/bin:/bin', KRB5_CONFIG: process.env.KRB5_CONFIG, LC_ALL: 'C' };
  const run = async (token, file, args, options = {}) =>
    promisify(token.execFile)(file, args, { env, cwd: '/', ...options }).then(({ stdout }) => stdout.trim());
  /** The principal and the services of the tickets that a program finds, without those of the library itself. */
  const list = async (token, credentials) => {
    const lines = (await run(token, 'klist', [], { credentials })).split('\\n');
    const principal = lines.find((line) => line.startsWith('Default principal')).split(' ').pop();
    const services = lines.filter((line) => /^\\d.*\\//.test(line)).map((line) => line.split(' ').pop());
    return [principal, ...services].join(' ').replaceAll('@IMPERSONATE.TEST', '');
  };
  const left = () => fs.readdirSync('/tmp').filter((name) => {
    try { return name.startsWith('impersonate-') && fs.existsSync('/tmp/' + name + '/tickets'); } catch { return false; }
  }).length;
  const code = (promise) => promise.then(() => 'no error', (error) => error.code);
`;

describeKerberos('Kerberos tickets of programs', () => {
  let kdc: Kdc;
  beforeAll(async () => {
    kdc = await startKdc();
  });
  afterAll(() => kdc.stop());

  const lines = (source: string): Promise<string[]> =>
    linesOf(setup(kdc.ticketsOf('alice')) + source, { env: kdc.env });

  test('a program has what the user has forwarded, in a file of the user, until it ends', async () => {
    const printed = await lines(`
      const before = left();
      for (const user of ['alice', 'bob']) {
        const token = await delegated(user);
        print(await list(token, true));
        const script = 'stat -c "%U %a" "\${KRB5CCNAME#FILE:}" "$(dirname "\${KRB5CCNAME#FILE:}")"; echo "$KRB5CCNAME"';
        const [file, folder, name] = (await run(token, 'sh', ['-c', script], { credentials: true })).split('\\n');
        print([file, folder, fs.existsSync(name.replace('FILE:', ''))].join(', '));
        const options = { credentials: true, env: { ...env, KRB5CCNAME: 'FILE:/nowhere' }, cwd: '/', encoding: 'utf8' };
        print(String(token.spawnSync('klist', [], options).stdout.includes('imp-' + user)));
        print(String(token.execSync('env', { ...options, credentials: false }).includes('KRB5CCNAME=FILE:/nowhere')));
      }
      print(String(left() - before));`);
    expect(printed).toEqual([
      'imp-alice krbtgt/IMPERSONATE.TEST',
      'imp-alice 600, imp-alice 700, false',
      'true',
      'true',
      'imp-bob krbtgt/IMPERSONATE.TEST',
      'imp-bob 600, imp-bob 700, false',
      'true',
      'true',
      '0',
    ]);
  });

  test('tickets for named services hold nothing else', async () => {
    const printed = await lines(`
      const client = new NegotiateClient();
      const [alice, bob] = [await delegated('alice'), await delegated('bob')];
      const ofAlice = await alice.run(() => client.tickets({ targets: ['HTTP/localhost'] }));
      const ofBob = await client.tickets({ targets: ['host/localhost', 'HTTP/localhost'], token: bob });
      print(await list(alice, ofAlice));
      print(await list(bob, ofBob));
      client.close();
      print(await code(client.tickets({ targets: ['HTTP/localhost'], token: bob })));
      ofAlice.close();
      print(await code(run(alice, 'klist', [], { credentials: ofAlice })) + ' ' + ofAlice.closed);`);
    expect(printed).toEqual([
      'imp-alice HTTP/localhost',
      'imp-bob host/localhost HTTP/localhost',
      'ERR_CLIENT_CLOSED',
      'ERR_TICKETS_CLOSED true',
    ]);
  });

  test('curl authenticates as the user to another server', async () => {
    const printed = await lines(`
      const http = require('node:http');
      const { authenticate } = require(${JSON.stringify(httpProduct)});
      const negotiator = new NegotiateServer();
      const server = http.createServer(authenticate(negotiator, (request, response) => response.end(request.token.name ?? request.token.user.id)));
      await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
      const url = 'http://localhost:' + server.address().port + '/';
      const curl = (token, credentials) => run(token, 'curl', ['-s', '-4', '--negotiate', '-u', ':', url], { credentials });
      const tokens = { alice: await delegated('alice'), bob: await delegated('bob') };
      const results = await Promise.all(['alice', 'bob', 'alice', 'bob'].map(async (user) => (await curl(tokens[user], true)) + ' ' + (await curl(tokens[user], false))));
      print(results.join());
      server.close();
      server.closeAllConnections();`);
    expect(printed).toEqual(['imp-alice ,imp-bob ,imp-alice ,imp-bob ']);
  });

  test('nothing is left after a failure, and a token without a forwarded ticket is refused', async () => {
    const printed = await lines(`
      const before = left();
      const alice = await delegated('alice');
      const plain = await accept('alice', false);
      print(await code(run(alice, 'no-such-program', [], { credentials: true })));
      print(String(alice.spawnSync('no-such-program', [], { env, credentials: true }).error.code));
      print(await code(run(plain, 'klist', [], { credentials: true })));
      for (const credentials of ['yes', {}, 1]) print(await code(run(alice, 'klist', [], { credentials })));
      for (const options of [{ targets: [] }, { targets: ['localhost'] }, { targets: 'HTTP/localhost' }, {}]) {
        print(await code(new NegotiateClient().tickets({ ...options, token: alice })));
      }
      print(await code(new NegotiateClient().tickets({ targets: ['HTTP/no-such-host'], token: alice })));
      const child = alice.spawn('sleep', ['60'], { env, cwd: '/', credentials: true });
      await new Promise((resolve) => child.once('spawn', resolve));
      print(String(left() - before));
      child.kill('SIGKILL');
      await new Promise((resolve) => child.once('exit', resolve));
      print(String(left() - before));`);
    expect(printed).toEqual([
      'ENOENT',
      'ENOENT',
      'ERR_NOT_DELEGATED',
      ...Array.from({ length: 3 }, () => 'ERR_INVALID_ARG_TYPE'),
      ...['ERR_INVALID_ARG_VALUE', 'ERR_INVALID_ARG_VALUE', 'ERR_INVALID_ARG_TYPE', 'ERR_INVALID_ARG_TYPE'],
      'KRB5KDC_ERR_S_PRINCIPAL_UNKNOWN',
      '1',
      '0',
    ]);
  });
});
