import { linesOf } from '../support/children/child';
import { delegatedSource } from '../support/linux/delegated';
import { describeKerberos, startKdc, type Kdc } from '../support/linux/kdc';

/**
 * converse: the result of a handshake of `client` with `server`, in the flow of `token`; undefined is no flow.
 */
const setup = (tickets: string): string => `
  ${delegatedSource(tickets)}
  const target = 'HTTP/localhost';
  const nameOf = (id) => (id === world.alice.id ? 'alice' : id === world.bob.id ? 'bob' : id);
  const converse = async (token, client, server, options = { target }, bindings) => {
    const outgoing = token ? token.run(() => client.handshake(options)) : client.handshake(options);
    const incoming = server.handshake(bindings ? { channelBindings: bindings } : {});
    try {
      const { message, done } = await outgoing.step();
      if (done) return 'done too early';
      const { reply, token: accepted } = await incoming.step(message);
      const last = await outgoing.step(reply);
      const result = [nameOf(accepted.user.id), accepted.delegation, last.done, last.message, outgoing.closed].join();
      accepted.close();
      return result;
    } catch (error) {
      return [error.code, error.syscall, outgoing.closed].join();
    }
  };
  const mapUser = (principal) => ({ 'imp-alice@IMPERSONATE.TEST': 'imp-alice', 'imp-bob@IMPERSONATE.TEST': 'imp-bob' })[principal] ?? 'imp-bob';
`;

describeKerberos('NegotiateClient over GSSAPI', () => {
  let kdc: Kdc;
  beforeAll(async () => {
    kdc = await startKdc();
  });
  afterAll(() => kdc.stop());

  const lines = (source: string): Promise<string[]> =>
    linesOf(setup(kdc.ticketsOf('alice')) + source, { env: kdc.env, execArgv: ['--expose-gc'] });
  const reached = (user: string): string => `${user},transition,true,,true`;

  test.each(['Negotiate', 'Kerberos'])('%s: authenticates the user by the forwarded ticket', async (name) => {
    const printed = await lines(`
      const options = { package: ${JSON.stringify(name)} };
      const [client, server] = [new NegotiateClient(options), new NegotiateServer(options)];
      for (const user of ['alice', 'bob']) {
        const token = await delegated(user);
        print(token.delegation + ' ' + (await converse(token, client, server)));
        token.close();
      }
      for (let i = 0; i < 100 && Token.count > 1; i++) {
        await new Promise(setImmediate);
        gc();
      }
      // One token is the process's, as which the first handshakes were.
      print(client.handshakes + ' ' + server.handshakes + ' ' + Token.count);`);
    expect(printed).toEqual([`forwarded ${reached('alice')}`, `forwarded ${reached('bob')}`, '0 0 1']);
  });

  test('forwards the ticket on only if asked to', async () => {
    const printed = await lines(`
      const [client, server] = [new NegotiateClient(), new NegotiateServer()];
      const token = await delegated('alice');
      print(await converse(token, client, server, { target, delegate: true }));
      print(await converse(token, client, server, { target, delegate: false }));`);
    expect(printed).toEqual(['alice,forwarded,true,,true', reached('alice')]);
  });

  test("never uses the process's tickets for a user, nor one user's for another", async () => {
    const printed = await lines(`
      const [client, server] = [new NegotiateClient(), new NegotiateServer()];
      const tokens = { alice: await delegated('alice'), bob: await delegated('bob') };
      const plain = await accept('alice', false);
      process.env.KRB5CCNAME = ticketsOf('bob');
      const known = await world.alice.token();
      const anonymous = Token.anonymous();
      for (const [name, token] of Object.entries({ plain, known, anonymous })) {
        print([name, token.delegation, await converse(token, client, server)].join());
      }
      const rounds = [];
      for (let i = 0; i < 40; i++) {
        const user = i % 3 ? 'alice' : 'bob';
        rounds.push(converse(tokens[user], client, server).then((result) => result.startsWith(user + ',')));
      }
      print(String((await Promise.all(rounds)).every(Boolean)));
      print('process ' + (await converse(undefined, client, server)));
      print('process in a flow ' + (await tokens.alice.run(() => withoutToken(() => converse(undefined, client, server)))));`);
    expect(printed).toEqual([
      'plain,transition,ERR_NOT_DELEGATED,,true',
      'known,transition,ERR_NOT_DELEGATED,,true',
      'anonymous,none,ERR_NOT_DELEGATED,,true',
      'true',
      `process ${reached('bob')}`,
      `process in a flow ${reached('bob')}`,
    ]);
  });

  test('authenticates the process by the keytab outside of flows, and only the process', async () => {
    const printed = await lines(`
      const keytab = process.env.KRB5_KTNAME.replace('FILE:', '');
      const client = new NegotiateClient({ keytab, principal: 'host/localhost@IMPERSONATE.TEST' });
      const names = [];
      const server = new NegotiateServer({ mapUser: (name) => { names.push(name); return 'imp-bob'; } });
      await converse(undefined, client, server);
      await converse(undefined, new NegotiateClient({ keytab }), server);
      print(await converse(await world.alice.token(), client, server));
      print(names.join());
      print(await converse(undefined, new NegotiateClient({ keytab: '/nowhere' }), server));
      const error = await new NegotiateClient({ keytab: '/nowhere' }).handshake({ target }).step().catch((e) => e);
      print(String(error.message.endsWith('from the keytab /nowhere')));`);
    expect(printed).toEqual([
      'ERR_NOT_DELEGATED,,true',
      'host/localhost@IMPERSONATE.TEST,HTTP/localhost@IMPERSONATE.TEST',
      expect.stringMatching(/^(KRB5|GSS_S)\w+,gss_\w+,true$/),
      'true',
    ]);
  });

  test('protocol transition is opted into, by a mapping of the token to a principal', async () => {
    const printed = await lines(`
      const keytab = process.env.KRB5_KTNAME.replace('FILE:', '');
      const asked = [];
      const client = (transition) => new NegotiateClient({ keytab, principal: 'host/localhost@IMPERSONATE.TEST', transition });
      const server = new NegotiateServer();
      const alice = await world.alice.token();
      print(await converse(alice, client((token) => { asked.push(token === alice); return 'imp-alice@IMPERSONATE.TEST'; }), server));
      print(await converse(alice, client(() => 'no-such-user@IMPERSONATE.TEST'), server));
      print(await converse(alice, client(async () => null), server));
      print(await converse(alice, client(() => 7), server));
      print(await converse(alice, client(() => { throw Object.assign(new Error(), { code: 'MINE' }); }), server));
      print(await converse(await delegated('bob'), client(() => { asked.push('for a ticket'); return null; }), server));
      print(asked.join());`);
    expect(printed).toEqual([
      // The database of the KDC cannot permit S4U2Proxy: S4U2Self has worked.
      'KRB5KDC_ERR_BADOPTION,gss_init_sec_context,true',
      expect.stringMatching(/^KRB5KDC_ERR_C_PRINCIPAL_UNKNOWN,gss_acquire_cred_impersonate_name,true$/),
      'ERR_NOT_DELEGATED,,true',
      'ERR_INVALID_ARG_TYPE,,true',
      'MINE,,true',
      reached('bob'),
      'true',
    ]);
  });

  test('rejects servers that do not prove their identity, or choose another mechanism', async () => {
    const printed = await lines(`
      const server = new NegotiateServer();
      const token = await delegated('alice');
      const outcome = async (options, change) => {
        const client = new NegotiateClient(options);
        const outgoing = token.run(() => client.handshake({ target }));
        try {
          const { message } = await outgoing.step();
          const { reply } = await new NegotiateServer(options).handshake().step(message);
          const { done } = await outgoing.step(change(reply));
          return 'done ' + done;
        } catch (error) {
          return error.code + ' ' + outgoing.closed;
        }
      };
      const hex = (text) => () => Buffer.from(text, 'hex');
      const changes = {
        right: (reply) => reply,
        changed: (reply) => { reply[reply.length - 1] ^= 1; return reply; },
        'completed, without proof': hex('a1073005a0030a0100'),
        'rejected': hex('a1073005a0030a0102'),
        NTLM: hex('a1153013a0030a0101a10c060a2b06010401823702020a'),
        'incomplete, without a message': hex('a1073005a0030a0101'),
        garbage: () => Buffer.from('garbage'),
        'cut short': (reply) => reply.subarray(0, 60),
        "the client's own first message": () => undefined,
        'an array': () => [1],
        empty: () => Buffer.alloc(0),
        large: () => Buffer.alloc(65_537, 1),
      };
      for (const [name, change] of Object.entries(changes)) print(name + ': ' + (await outcome({}, change)));
      print('raw, changed: ' + (await outcome({ package: 'Kerberos' }, changes.changed)));
      print('raw, garbage: ' + (await outcome({ package: 'Kerberos' }, changes.garbage)));`);
    expect(printed).toEqual([
      'right: done true',
      expect.stringMatching(/^changed: (KRB5|GSS_S)\w+ true$/),
      'completed, without proof: ERR_SERVER_UNPROVEN true',
      'rejected: ERR_HANDSHAKE_REFUSED true',
      'NTLM: ERR_NTLM_REFUSED true',
      'incomplete, without a message: ERR_SERVER_UNPROVEN true',
      'garbage: ERR_HANDSHAKE_REFUSED true',
      'cut short: ERR_HANDSHAKE_REFUSED true',
      "the client's own first message: ERR_INVALID_ARG_TYPE true",
      'an array: ERR_INVALID_ARG_TYPE true',
      'empty: ERR_INVALID_ARG_VALUE true',
      'large: ERR_HANDSHAKE_TOO_LARGE true',
      expect.stringMatching(/^raw, changed: (KRB5|GSS_S)\w+ true$/),
      expect.stringMatching(/^raw, garbage: (KRB5|GSS_S)\w+ true$/),
    ]);
  });

  test('names why the KDC refuses', async () => {
    const printed = await lines(`
      const client = new NegotiateClient();
      const token = await delegated('alice');
      const outcome = (target) => converse(token, client, undefined ?? new NegotiateServer(), { target });
      print(await outcome('HTTP/no-such-host'));
      print(await outcome('HTTP/unknown'));
      const error = await token.run(() => client.handshake({ target: 'HTTP/no-such-host' })).step().catch((e) => e);
      print(error.name + ' ' + error.errno + ' ' + /gss_init_sec_context failed: KRB5KDC_ERR_S_PRINCIPAL_UNKNOWN, ./.test(error.message));`);
    expect(printed).toEqual([
      'KRB5KDC_ERR_S_PRINCIPAL_UNKNOWN,gss_init_sec_context,true',
      'ERR_HANDSHAKE_REFUSED,gss_accept_sec_context,false',
      'ImpersonationError -1765328377 true',
    ]);
  });

  test('TLS channel bindings are checked as extendedProtection says', async () => {
    const printed = await lines(`
      const client = new NegotiateClient();
      const token = await delegated('alice');
      const [mine, other] = ['tls-server-end-point:mine', 'tls-server-end-point:other'].map((text) => Buffer.from(text));
      for (const extendedProtection of ['off', 'allow', 'require']) {
        const server = new NegotiateServer({ extendedProtection });
        const outcome = async (sent, expected) =>
          (await converse(token, client, server, { target, ...(sent && { channelBindings: sent }) }, expected)).split(',')[0];
        const results = [await outcome(mine, mine), await outcome(other, mine), await outcome(undefined, mine), await outcome(mine, undefined), await outcome()];
        print(extendedProtection + ': ' + results.join());
      }`);
    const no = 'ERR_HANDSHAKE_REFUSED';
    expect(printed).toEqual([
      'off: alice,alice,alice,alice,alice',
      `allow: alice,${no},alice,alice,alice`,
      `require: alice,${no},${no},${no},${no}`,
    ]);
  });

  test('the credential goes where the token goes, and makes connections of its own', async () => {
    const printed = await lines(`
      const [client, server] = [new NegotiateClient(), new NegotiateServer()];
      const token = await delegated('alice');
      const plain = await accept('alice', false);
      print([token.poolKey === plain.poolKey, token.equals(plain), token.poolKey === (await delegated('alice')).poolKey].join());
      for (const derived of [token.duplicate(), token.restrict({ dropGroups: true }), Token.claim(token.share())]) {
        print(derived.delegation + ' ' + (await converse(derived, client, server)));
      }
      const handshake = client.handshake({ target, token });
      token.close();
      print(String((await handshake.step()).message.length > 100));
      handshake.close();
      try { print(token.delegation); } catch ({ code }) { print(code); }`);
    const forwarded = `forwarded ${reached('alice')}`;
    expect(printed).toEqual(['false,true,true', forwarded, forwarded, forwarded, 'true', 'ERR_TOKEN_CLOSED']);
  });

  test('ends by close(), by the timeout and by misuse, and holds nothing', async () => {
    const printed = await lines(`
      const { settledHandles } = require(${JSON.stringify(require.resolve('../support/world/world'))});
      const [client, server] = [new NegotiateClient(), new NegotiateServer()];
      const code = (promise) => promise.then(() => 'no error', (error) => error.code);
      const token = await delegated('alice');
      const begin = (from = client) => token.run(() => from.handshake({ target }));
      const round = async () => {
        const closed = begin();
        const closing = code(closed.step());
        closed.close();
        const twice = begin();
        const first = code(twice.step());
        const second = await code(twice.step(Buffer.from('x')));
        const impatient = new NegotiateClient({ timeout: 1 });
        const late = begin(impatient);
        while (!late.closed) await new Promise(setImmediate);
        const result = [await closing, await first, second, await code(late.step()), await code(closed.step())].join();
        impatient.close();
        return result + ' ' + (await converse(token, client, server));
      };
      print(await round());
      const before = await settledHandles();
      for (let i = 0; i < 20; i++) await round();
      print(Math.max(0, (await settledHandles()) - before) + ' ' + client.handshakes + ' ' + Token.count);
      const open = begin();
      client.close();
      print([open.closed, client.closed, await code(open.step())].join());
      try { begin(); } catch (error) { print(error.code); }`);
    const [closed, busy] = ['ERR_HANDSHAKE_CLOSED', 'ERR_HANDSHAKE_BUSY'];
    expect(printed).toEqual([
      `${closed},${closed},${busy},ERR_HANDSHAKE_TIMEOUT,${closed} ${reached('alice')}`,
      '0 0 2',
      `true,true,${closed}`,
      'ERR_CLIENT_CLOSED',
    ]);
  });
});
