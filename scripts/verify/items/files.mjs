import assert from 'node:assert/strict';
import fs, { createReadStream, readFile, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { assertDenied, assertDeniedSync, codeOf, never } from '../check.mjs';
import { logon, withToken, withTokens } from '../tokens.mjs';

const require = createRequire(import.meta.url);

/** Reads the three files in a scope: the user's own is allowed, the others are denied. */
function readInScope(token, own, others) {
  token.runSync(() => {
    assert.equal(readFileSync(own, 'utf8'), `of ${path.basename(path.dirname(own))}`);
    for (const other of others) assertDeniedSync(() => readFileSync(other), other);
  });
}

async function scopes(world) {
  const { paths, product } = world;
  await withTokens(world, (alice, bob) => {
    for (const [token, own, other] of [
      [alice, paths.alice, paths.bob],
      [bob, paths.bob, paths.alice],
      [alice, paths.alice, paths.bob],
    ]) {
      readInScope(token, own, [other, paths.service]);
      assert.equal(readFileSync(paths.service, 'utf8'), 'of service');
    }
    assert.equal(product.Token.thread(), null);
  });
  return 'own file read, others denied, for both users in turn; reverted';
}

async function changes(world) {
  const { paths } = world;
  await withTokens(world, (alice) => {
    const own = (name) => path.join(path.dirname(paths.alice), name);
    alice.runSync(() => {
      fs.mkdirSync(own('made'));
      writeFileSync(own('new.txt'), 'new');
      fs.renameSync(own('new.txt'), own('renamed.txt'));
      assert.deepEqual(fs.readdirSync(path.dirname(paths.alice)).sort(), ['file.txt', 'made', 'renamed.txt']);
      fs.unlinkSync(own('renamed.txt'));
      fs.rmdirSync(own('made'));
      for (const change of [
        () => writeFileSync(paths.bob, 'changed'),
        () => fs.unlinkSync(paths.service),
        () => fs.readdirSync(path.dirname(paths.service)),
        () => fs.renameSync(paths.alice, paths.bob),
      ]) {
        assertDeniedSync(change, String(change));
      }
    });
  });
  assert.equal(readFileSync(paths.bob, 'utf8'), 'of bob');
  return 'written, listed, renamed and removed; nothing of others';
}

async function flows(world) {
  const { paths, files } = world;
  const forms = {
    'fs.promises': (file) => fs.promises.readFile(file, 'utf8'),
    callback: (file) => promisify(readFile)(file, 'utf8'),
    stream: (file) => text(createReadStream(file)),
    'impersonate/fs': (file) => files.readFile(file, 'utf8'),
    handle: async (file) => {
      const handle = await files.open(file);
      return handle.readFile('utf8').finally(() => handle.close());
    },
  };
  await withTokens(world, async (alice, bob) => {
    for (const [token, own, other] of [
      [alice, 'alice', 'bob'],
      [bob, 'bob', 'alice'],
    ]) {
      for (const [name, read] of Object.entries(forms)) {
        assert.equal(await token.run(() => read(paths[own])), `of ${own}`, name);
        await assertDenied(() => token.run(() => read(paths[other])), name);
        await assertDenied(() => token.run(() => read(paths.service)), name);
      }
    }
  });
  await assert.rejects(files.readFile(paths.service), { code: 'ERR_NO_TOKEN' });
  return `${Object.keys(forms).join(', ')}; named imports too`;
}

async function together(world) {
  const { paths } = world;
  const rounds = world.rehearsal ? 10 : 100;
  await withTokens(world, async (alice, bob) => {
    const one = async (own, other) => {
      for (let round = 0; round < rounds; round++) {
        assert.equal(await fs.promises.readFile(paths[own], 'utf8'), `of ${own}`);
        assert.match(await codeOf(() => fs.promises.readFile(paths[other])), /^(?:EACCES|EPERM)$/);
      }
    };
    const all = Array.from({ length: 4 }, () => [
      alice.run(() => one('alice', 'bob')),
      bob.run(() => one('bob', 'alice')),
    ]);
    await Promise.all(all.flat());
  });
  return `${rounds * 16} reads in 8 flows at a time, none as the wrong user`;
}

const outcomesSource = `
  const fs = require('node:fs');
  const outcome = (file) => { try { return fs.readFileSync(file, 'utf8'); } catch (error) { return error.code; } };
  const outcomes = (files) => files.map(outcome);`;

/** Resolves to the message of a worker when it has ended. */
function answerOf(worker) {
  return new Promise((resolve, reject) => {
    let answer;
    worker.once('message', (message) => (answer = message)).once('error', reject);
    worker.once('exit', (code) => (answer ? resolve(answer) : reject(new Error(`ended with ${code}`))));
  });
}

async function workers(world) {
  const { paths, product } = world;
  const workerData = { files: [paths.alice, paths.bob, paths.service] };
  await withTokens(world, async (alice) => {
    const owned = new product.ImpersonatedWorker(
      `${outcomesSource} const { parentPort, workerData } = require('node:worker_threads');
      parentPort.postMessage(outcomes(workerData.files));`,
      { eval: true, token: alice, workerData },
    );
    const claimed = new Worker(
      `${outcomesSource} const { parentPort, workerData } = require('node:worker_threads');
      const { Token } = require(workerData.product);
      const token = Token.claim(workerData.ticket);
      const seen = token.runSync(() => outcomes(workerData.files));
      token.close();
      parentPort.postMessage(seen);`,
      {
        eval: true,
        workerData: { ...workerData, ticket: alice.share(), product: require.resolve('impersonate') },
      },
    );
    for (const [own, ...others] of await Promise.all([answerOf(owned), answerOf(claimed)])) {
      assert.equal(own, 'of alice');
      for (const code of others) assert.match(code, /^(?:EACCES|EPERM)$/);
    }
  });
  return 'ImpersonatedWorker, and a ticket claimed by a Worker';
}

async function closing(world) {
  const { paths, product } = world;
  const before = product.Token.count;
  const token = await logon(world, world.alice);
  token.runSync(() => {
    token.close();
    assert.equal(readFileSync(paths.alice, 'utf8'), 'of alice');
    assertDeniedSync(() => readFileSync(paths.bob), 'bob');
  });
  assert.equal(await codeOf(() => token.runSync(() => {})), 'ERR_TOKEN_CLOSED');
  assert.equal(await codeOf(() => token.run(() => {})), 'ERR_TOKEN_CLOSED');
  assert.equal(product.Token.count, before);
  return 'lives until its scope ends, then ERR_TOKEN_CLOSED';
}

async function access(world) {
  const { paths } = world;
  await withTokens(world, async (alice) => {
    for (const [file, wanted] of Object.entries({ alice: true, bob: false, service: false })) {
      assert.equal(await alice.canAccess(paths[file], 'read'), wanted, file);
    }
  });
  return 'canAccess agrees with NTFS';
}

async function firstSuccess({ product }) {
  const list = () => fs.promises.readdir('C:/Windows');
  await list();
  const denyOnly = ['S-1-5-32-545', 'S-1-5-32-544'];
  await withToken(product.Token.process().restrict({ denyOnly }), async (token) => {
    assert.equal(await codeOf(() => token.run(list)), 'EPERM');
  });
  return 'C:/Windows is listed by the process, and EPERM without Users and Administrators';
}

const denyOnlyEverything = { restrictingSids: ['S-1-0-0'] };

async function restricting(world) {
  await withToken(logon(world, world.alice), (alice) =>
    withToken(alice.restrict(denyOnlyEverything), (token) => {
      token.runSync(() => assertDeniedSync(() => readFileSync(world.paths.alice), 'restrictingSids'));
    }),
  );
  return 'restricted to the null SID: the own file is denied';
}

async function writeRestricted(world) {
  const { paths } = world;
  await withToken(logon(world, world.alice), (alice) =>
    withToken(alice.restrict({ ...denyOnlyEverything, flags: ['writeRestricted'] }), (token) => {
      token.runSync(() => {
        assert.equal(readFileSync(paths.alice, 'utf8'), 'of alice');
        assertDeniedSync(() => writeFileSync(paths.alice, 'of alice'), 'writeRestricted');
      });
    }),
  );
  return 'writeRestricted: the own file is read, writing it is denied';
}

async function integrity(world) {
  const { paths } = world;
  await withToken(logon(world, world.alice), (alice) =>
    withToken(alice.restrict({ integrity: 'low' }), (token) => {
      token.runSync(() => {
        assert.equal(readFileSync(paths.alice, 'utf8'), 'of alice');
        assertDeniedSync(() => writeFileSync(paths.alice, 'of alice'), 'integrity');
      });
    }),
  );
  return 'low: the own file is read, writing it is denied';
}

const noAcls = 'does not check the integrity level, restricting SIDs or flags of a token';

export const files = {
  name: 'files',
  checks: [
    { what: 'read in scopes', run: scopes },
    { what: 'change in scopes', run: changes },
    { what: 'read in flows', run: flows },
    { what: 'both users at the same time', run: together },
    { what: 'worker threads', run: workers },
    { what: 'closing a token', run: closing },
    {
      what: 'the first success of the README',
      wine: 'does not check the token of a thread for files',
      run: firstSuccess,
    },
    { what: 'Token.canAccess', wine: 'does not keep the access lists of files', run: access },
  ],
};

export const shares = {
  name: 'shares',
  checks: [never('files of another machine', 'needs a file server')],
};

export const restricted = {
  name: 'restricted tokens',
  checks: [
    { what: 'restricting SIDs', wine: noAcls, run: restricting },
    { what: 'write-restricted', wine: noAcls, run: writeRestricted },
    { what: 'integrity level', wine: noAcls, run: integrity },
  ],
};
