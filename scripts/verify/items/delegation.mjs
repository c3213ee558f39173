import assert from 'node:assert/strict';
import { codeOf, never } from '../check.mjs';
import { logon, withToken, withTokens } from '../tokens.mjs';

const target = 'HTTP/localhost';
const bindingsOf = (text) => Buffer.from(`tls-server-end-point:${text}`);

/** A handshake of this package's client, as the token's user, with its server. Resolves to the server's token. */
async function meet({ product }, token, { client = {}, server = {}, bindings = [] } = {}) {
  const [ofClient, ofServer] = bindings;
  const initiator = new product.NegotiateClient({ allowNtlm: true, ...client });
  const acceptor = new product.NegotiateServer(server);
  try {
    const one = initiator.handshake({ target, token, ...(ofClient && { channelBindings: ofClient }) });
    const other = acceptor.handshake(ofServer && { channelBindings: ofServer });
    for (let reply; ;) {
      const { message, done } = await one.step(reply);
      const step = message && (await other.step(message));
      if (step?.token) {
        if (!done && step.reply) await one.step(step.reply);
        return step.token;
      }
      assert.ok(step?.reply && !done, 'the client has ended before the server');
      ({ reply } = step);
    }
  } finally {
    initiator.close();
    acceptor.close();
  }
}

async function users(world) {
  await withTokens(
    world,
    async (...tokens) => {
      for (const [index, user] of [world.alice, world.bob].entries()) {
        await withToken(meet(world, tokens[index]), (token) => assert.equal(token.user.id, user.sid));
      }
    },
    'interactive',
  );
  return 'local users by NTLM over the loopback: the server has the user of the token';
}

async function identification(world) {
  await withToken(logon(world, world.alice, 'interactive'), (token) =>
    withToken(token.duplicate({ level: 'identification' }), (weak) =>
      withToken(meet(world, weak), (accepted) => assert.equal(accepted.user.id, world.alice.sid)),
    ),
  );
  return 'a token of level identification is enough for the calls of SSPI';
}

async function withoutNtlm({ product, ...world }) {
  const client = new product.NegotiateClient();
  try {
    const code = await withToken(logon({ product, ...world }, world.alice, 'interactive'), (token) =>
      codeOf(() => client.handshake({ target: 'MSSQLSvc/nowhere.invalid', token }).step()),
    );
    assert.match(code, /^(?:ERR_NTLM_REFUSED|ERR_NOT_DELEGATED|SEC_E_\w+)$/);
    return `no message for an unknown service without allowNtlm: ${code}`;
  } finally {
    client.close();
  }
}

async function bindings(world) {
  const [right, wrong] = [bindingsOf('right'), bindingsOf('wrong')];
  const outcome = (token, extendedProtection, ...both) =>
    meet(world, token, { server: { extendedProtection }, bindings: both }).then(
      (accepted) => (accepted.close(), 'accepted'),
      ({ code }) => code,
    );
  await withToken(logon(world, world.alice, 'interactive'), async (token) => {
    for (const [protection, ofRight, ofWrong, ofNone] of [
      ['off', 'accepted', 'accepted', 'accepted'],
      ['allow', 'accepted', 'SEC_E_BAD_BINDINGS', 'accepted'],
      ['require', 'accepted', 'SEC_E_BAD_BINDINGS', 'SEC_E_BAD_BINDINGS'],
    ]) {
      assert.equal(await outcome(token, protection, right, right), ofRight, `${protection}, right`);
      assert.equal(await outcome(token, protection, wrong, right), ofWrong, `${protection}, wrong`);
      assert.equal(await outcome(token, protection, undefined, right), ofNone, `${protection}, none`);
    }
  });
  return 'off, allow, require: right, wrong and no channel bindings, by NTLM';
}

const kinds = { interactive: 'forwarded', networkCleartext: 'forwarded', network: 'transition' };

async function logons(world) {
  for (const [type, delegation] of Object.entries(kinds)) {
    await withToken(logon(world, world.alice, type), (token) =>
      assert.equal(token.delegation, delegation, type),
    );
  }
  await withToken(meet(world, world.product.Token.process()), (token) =>
    assert.equal(token.delegation, 'transition', 'a client of NTLM'),
  );
  return Object.entries(kinds)
    .map((pair) => pair.join(': '))
    .join(', ');
}

export const delegation = {
  name: 'delegation',
  checks: [
    { what: 'the user of the token', run: users },
    { what: 'level identification', run: identification },
    { what: 'without NTLM', run: withoutNtlm },
    { what: 'channel bindings', run: bindings },
    {
      what: 'token.delegation',
      run: logons,
      wine: "the test authority's tokens lack the groups of the authentication, and it reports no type of a logon",
    },
    never('Kerberos: mutual authentication, ISC_RET_MUTUAL_AUTH, names of services', 'needs a domain'),
    never('constrained and resource-based delegation, protocol transition', 'needs a domain'),
    never('forwarded tickets: ISC_REQ_DELEGATE, servers that are trusted for delegation', 'needs a domain'),
    never('S4U tokens of level identification, without SeTcbPrivilege', 'needs a domain'),
  ],
};
