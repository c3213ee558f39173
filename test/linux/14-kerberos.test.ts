import { linesOf } from '../support/child';
import { describeKerberos, startKdc, type Kdc } from '../support/kdc';
import { product } from '../support/paths';

/** legOf: a client's first leg. outcome: what a server makes of a leg. */
const setup = (tickets: string): string => `
  const kerberos = require(${JSON.stringify(require.resolve('kerberos'))});
  const { NegotiateServer } = require(${JSON.stringify(product)});
  const spnego = { mechOID: kerberos.GSS_MECH_OID_SPNEGO };
  const krb5 = { mechOID: kerberos.GSS_MECH_OID_KRB5 };
  const legOf = async (user, service = 'HTTP@localhost', options = spnego) => {
    process.env.KRB5CCNAME = ${JSON.stringify(tickets)}.replace('alice', user);
    const client = await kerberos.initializeClient(service, options);
    await client.step('');
    return Object.assign(Buffer.from(client.response, 'base64'), { client });
  };
  const see = () => [world.canOpen(world.alice), world.canOpen(world.bob), world.canOpenService()].join();
  const outcome = async (server, leg) => {
    const handshake = server.handshake();
    try {
      const { token } = await handshake.step(leg);
      const { id } = token.user;
      token.close();
      return id === world.alice.id ? 'alice' : id === world.bob.id ? 'bob' : id;
    } catch (error) {
      return error.code + (handshake.closed ? '' : ' open');
    }
  };
`;

describeKerberos('NegotiateServer over GSSAPI', () => {
  let kdc: Kdc;
  beforeAll(async () => {
    kdc = await startKdc();
  });
  afterAll(() => kdc.stop());

  const lines = (source: string): Promise<string[]> =>
    linesOf(setup(kdc.ticketsOf('alice')) + source, { env: kdc.env });

  test('makes of a ticket the token of its user, and proves itself to the client', async () => {
    const said = await lines(`
      const server = new NegotiateServer();
      for (const user of ['alice', 'bob']) for (const mechanism of [spnego, krb5]) {
        const leg = await legOf(user, 'HTTP@localhost', mechanism);
        const { token, reply } = await server.handshake().step(leg);
        const before = leg.client.contextComplete;
        await leg.client.step(reply.toString('base64'));
        say(user + ' ' + token.runSync(see) + ' ' + before + ' ' + leg.client.contextComplete);
        token.close();
      }
      say(server.handshakes + ' ' + see());`);
    const [alice, bob] = ['alice true,false,false false true', 'bob false,true,false false true'];
    expect(said).toEqual([alice, alice, bob, bob, '0 true,true,true']);
  });
});
