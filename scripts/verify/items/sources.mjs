import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { assertDeniedSync, codeOf, never, notShown } from '../check.mjs';
import { logon, withToken } from '../tokens.mjs';

const groupOf = { interactive: 'S-1-5-4', network: 'S-1-5-2', networkCleartext: 'S-1-5-2' };

async function types(world) {
  for (const [type, group] of Object.entries(groupOf)) {
    await withToken(logon(world, world.alice, type), (token) => {
      assert.equal(token.user.id, world.alice.sid);
      assert.equal(token.level, token.type === 'primary' ? null : 'impersonation');
      const ids = token.groups.map(({ id }) => id);
      assert.ok(ids.includes(group), `${type} without ${group}`);
      token.runSync(() => {
        assert.equal(readFileSync(world.paths.alice, 'utf8'), 'of alice');
        assertDeniedSync(() => readFileSync(world.paths.bob), type);
      });
    });
  }
  return `${Object.keys(groupOf).join(', ')}: user, group of the type, access`;
}

async function newCredentials(world) {
  await withToken(logon(world, world.alice, 'newCredentials'), (token) => {
    assert.equal(token.user.id, world.service);
    assert.equal(
      token.runSync(() => readFileSync(world.paths.service, 'utf8')),
      'of service',
    );
  });
  return 'still the caller on this computer';
}

async function missingRights(world) {
  const codes = {};
  for (const type of ['batch', 'service']) codes[type] = await codeOf(() => logon(world, world.alice, type));
  for (const code of Object.values(codes)) assert.equal(code, 'ERROR_LOGON_TYPE_NOT_GRANTED');
  return 'batch, service: ERROR_LOGON_TYPE_NOT_GRANTED';
}

async function wrong(world) {
  const { alice } = world;
  const guess = Buffer.from('a wrong password');
  assert.equal(await codeOf(() => logon(world, { ...alice, password: guess })), 'ERROR_LOGON_FAILURE');
  const nobody = { name: `${alice.name}x`, password: guess };
  assert.equal(await codeOf(() => logon(world, nobody)), 'ERROR_LOGON_FAILURE');
  return 'wrong password, unknown user: ERROR_LOGON_FAILURE';
}

/** Calls `work` while bob's account is disabled. */
async function whileDisabled({ machine, bob }, work) {
  machine.setDisabled(bob.name, true);
  try {
    return await work();
  } finally {
    machine.setDisabled(bob.name, false);
  }
}

async function disabled(world) {
  const code = await whileDisabled(world, () => codeOf(() => logon(world, world.bob)));
  assert.equal(code, 'ERROR_ACCOUNT_DISABLED');
  await withToken(logon(world, world.bob), (token) => assert.equal(token.user.id, world.bob.sid));
  return 'ERROR_ACCOUNT_DISABLED, and a logon when it is enabled again';
}

const s4u = (world, name) => world.product.Token.forUser(name, { source: 'local' });

async function byName(world) {
  await withToken(s4u(world, world.alice.name), (token) => {
    assert.equal(token.user.id, world.alice.sid);
    assert.ok(token.groups.some(({ id }) => id === 'S-1-5-32-545'));
  });
  const unknown = await codeOf(() => s4u(world, `${world.alice.name}x`));
  assert.equal(unknown, 'ERR_UNKNOWN_USER');
  const code = await whileDisabled(world, () => codeOf(() => s4u(world, world.bob.name)));
  assert.equal(code, 'ERROR_ACCOUNT_DISABLED');
  return 'the user and groups; ERR_UNKNOWN_USER, ERROR_ACCOUNT_DISABLED';
}

function holdsTcb({ product: { Token } }) {
  const self = Token.process();
  const held = self.privileges.some(({ name }) => name === 'SeTcbPrivilege');
  self.close();
  return held;
}

async function untrusted(world) {
  if (holdsTcb(world)) return notShown('the process holds SeTcbPrivilege');
  await withToken(s4u(world, world.alice.name), async (token) => {
    assert.equal(token.level, 'identification');
    assert.equal(await codeOf(() => token.runSync(() => {})), 'ERR_TOKEN_LEVEL');
    assert.equal(await codeOf(() => token.run(() => {})), 'ERR_TOKEN_LEVEL');
  });
  return 'level identification; entering throws ERR_TOKEN_LEVEL';
}

async function trusted(world) {
  if (!holdsTcb(world)) return notShown('the process lacks SeTcbPrivilege: run it as LocalSystem');
  await withToken(s4u(world, world.alice.name), (token) => {
    assert.equal(token.level, 'impersonation');
    token.runSync(() => {
      assert.equal(readFileSync(world.paths.alice, 'utf8'), 'of alice');
      assertDeniedSync(() => readFileSync(world.paths.bob), 's4u');
    });
  });
  return 'level impersonation, access as the user';
}

function anonymous({ product: { Token }, paths }) {
  const token = Token.anonymous();
  try {
    assert.equal(token.user.id, 'S-1-5-7');
    assert.equal(token.isAnonymous, true);
    const ids = token.groups.map(({ id }) => id);
    for (const group of ['S-1-5-11', 'S-1-5-32-545', 'S-1-5-32-544']) assert.ok(!ids.includes(group), group);
    token.runSync(() => assertDeniedSync(() => readFileSync(paths.alice), 'anonymous'));
    return `S-1-5-7, groups: ${ids.join(' ') || 'none'}; files denied`;
  } finally {
    token.close();
  }
}

async function linked(world) {
  const self = world.product.Token.process();
  try {
    const twin = self.linked();
    if (twin === null)
      return notShown('this administrator has no linked token (UAC is off, or Administrator)');
    return await withToken(twin, async (token) => {
      assert.equal(token.user.id, world.service);
      // With the privilege it is a primary token, which has no level.
      assert.equal(token.level === 'identification', !holdsTcb(world));
      assert.ok(!token.groups.some(({ id }) => id === 'S-1-5-32-544'));
      return `level ${token.level ?? 'of a primary token'}, without the administrators' group`;
    });
  } finally {
    self.close();
  }
}

const authority = 'the test authority replaces it';

export const logons = {
  name: 'logons',
  checks: [
    { what: 'types of logon', run: types },
    { what: 'new credentials', run: newCredentials },
    { what: 'a logon right that the user lacks', wine: authority, run: missingRights },
    { what: 'wrong credentials', run: wrong },
    { what: 'a disabled account', run: disabled },
  ],
};

export const s4uLogons = {
  name: 's4u',
  checks: [
    { what: 'a local account', run: byName },
    { what: 'without SeTcbPrivilege', run: untrusted },
    { what: 'with SeTcbPrivilege', run: trusted },
    never('an account of a domain', 'needs a domain'),
  ],
};

export const anonymousTokens = {
  name: 'anonymous tokens',
  checks: [{ what: 'the contents', run: anonymous }],
};

export const linkedTokens = {
  name: 'linked tokens',
  checks: [{ what: "an administrator's twin", wine: 'does not ask for a privilege', run: linked }],
};

export const iis = {
  name: 'iis',
  checks: [never('the token of a request', 'needs IIS with the ASP.NET Core Module')],
};
