import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import fs, { readFileSync } from 'node:fs';
import vm from 'node:vm';
import { MessageChannel, Worker } from 'node:worker_threads';
import { codeOf } from '../check.mjs';
import { logon, withToken } from '../tokens.mjs';

const program = new URL('../without-privilege.mjs', import.meta.url);
export const connectRights = 0x12018b;

/**
 * Calls `work(ask)` with a process that has removed SeImpersonatePrivilege. `ask(message)` resolves to its reply. The
 * password goes over the pipe between the two processes only.
 */
export async function withoutPrivilege({ rehearsal, home, alice }, work) {
  const child = fork(program, { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
  const ended = once(child, 'exit');
  const ask = async (message) => {
    child.send(message);
    const reply = await Promise.race([once(child, 'message'), ended.then(([code]) => [{ code }])]);
    if (reply[0].failure !== undefined) throw new Error(reply[0].failure);
    if (reply[0].code !== undefined) throw new Error(`the process ended with ${reply[0].code}`);
    return reply[0];
  };
  try {
    const { name, sid, password } = alice;
    await ask({ do: 'start', rehearsal, home, user: { name, sid, password: password.toString('base64') } });
    return await work(ask);
  } finally {
    child.disconnect();
    await ended;
  }
}

async function downgrade(world) {
  return withoutPrivilege(world, async (ask) => {
    const outcomes = [];
    for (const type of ['network', 'interactive']) {
      const { outcome } = await ask({ do: 'enter', type, file: world.paths.alice });
      const thrown = ['ERR_IMPERSONATION_DOWNGRADED', 'ERROR_BAD_IMPERSONATION_LEVEL'].includes(outcome);
      assert.ok(thrown || outcome === 'of alice', `${type}: ${outcome}`);
      outcomes.push(`${type} logon: ${outcome === 'of alice' ? 'acts as the user' : outcome}`);
    }
    return outcomes.join('; ');
  });
}

/** What a thread with that foreign token gets when it opens a file of the process's user: the code of the error. */
function openAt({ seam, paths }, level) {
  seam.impersonateSelf(level);
  try {
    return `opened: ${readFileSync(paths.service, 'utf8')}`;
  } catch (error) {
    return error.code;
  } finally {
    seam.clearForeignToken();
  }
}

function opens(world) {
  const outcomes = ['identification', 'anonymous'].map((level) => [level, openAt(world, level)]);
  for (const [level, outcome] of outcomes) assert.doesNotMatch(outcome, /^opened/, level);
  assert.equal(openAt(world, 'impersonation'), 'opened: of service');
  return outcomes.map(([level, code]) => `${level}: ${code}`).join(', ');
}

async function entering(world) {
  await withToken(logon(world, world.alice), async (alice) => {
    for (const level of ['identification', 'anonymous']) {
      await withToken(alice.duplicate({ level }), async (token) => {
        assert.equal(await codeOf(() => token.runSync(() => {})), 'ERR_TOKEN_LEVEL');
        assert.equal(await codeOf(() => token.impersonate()), 'ERR_TOKEN_LEVEL');
        assert.equal(await codeOf(() => token.run(() => {})), 'ERR_TOKEN_LEVEL');
      });
    }
  });
  return 'identification, anonymous: ERR_TOKEN_LEVEL';
}

function primary({ seam }) {
  const handle = seam.ownToken();
  let number = 0;
  try {
    seam.setForeignToken(handle);
    seam.clearForeignToken();
  } catch (error) {
    number = error.errno;
  } finally {
    seam.closeHandle(handle);
  }
  assert.notEqual(number, 0, 'SetThreadToken has accepted a primary token');
  return `SetThreadToken fails with ${number}`;
}

async function openAsSelf(world) {
  const { Token } = world.product;
  await withToken(logon(world, world.alice), (alice) => {
    const [thread, kernel] = alice.runSync(() => {
      const token = Token.thread();
      const id = token.user.id;
      token.close();
      return [id, world.seam.effectiveIdentity().sid];
    });
    assert.deepEqual([thread, kernel], [world.alice.sid, world.alice.sid]);
  });
  return "the thread's token is opened in a scope, as the process";
}

/** The process's objects whose access list names the user. A file has the access list of its path. */
function admitting({ seam, alice }) {
  return seam
    .kernelObjects()
    .filter(({ type, security }) => type !== 'File' && security.includes(`;${alice.sid})`))
    .map(({ type }) => type);
}

async function objects(world) {
  await withToken(logon(world, world.alice), async (alice) => {
    const worker = alice.runSync(() => {
      fs.promises.stat('.').catch(() => {});
      setTimeout(() => {}, 1);
      new MessageChannel().port1.close();
      return new Worker('', { eval: true });
    });
    assert.deepEqual(admitting(world), []);
    await once(worker, 'exit');
    await alice.run(() => fs.promises.readFile(world.paths.alice));
    assert.deepEqual(admitting(world), []);
  });
  const { length } = world.seam.kernelObjects();
  return `none of ${length} handles admits the user`;
}

async function threads(world) {
  const found = await withToken(logon(world, world.alice), (alice) =>
    alice.runSync(() => vm.runInNewContext('look()', { look: () => admitting(world) }, { timeout: 60_000 })),
  );
  assert.ok(!found.includes('Thread'), 'a new thread admits the user');
  return "a thread that node:vm starts in a scope has the process's access list";
}

export const privileges = {
  name: 'privileges',
  checks: [{ what: 'without SeImpersonatePrivilege', wine: 'does not check the privilege', run: downgrade }],
};

export const levels = {
  name: 'levels',
  checks: [
    { what: 'opening a file', run: opens },
    { what: 'entering', run: entering },
  ],
};

export const primaryTokens = {
  name: 'primary tokens',
  checks: [
    { what: 'SetThreadToken', wine: 'accepts primary tokens', run: primary },
    { what: 'OpenAsSelf', wine: 'ignores it', run: openAsSelf },
  ],
};

export const kernelObjects = {
  name: 'objects',
  checks: [
    { what: 'made without a security descriptor', wine: 'gives them none', run: objects },
    { what: 'threads', wine: 'gives them no security descriptor', run: threads },
  ],
};
