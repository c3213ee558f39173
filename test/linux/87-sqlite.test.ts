import { linesOf } from '../support/children/child';
import { usersSource } from '../support/children/sources';
import { product } from '../support/paths';
import { describeSwitching } from '../support/world/acting';

const isMissing = Number.parseInt(process.versions.node, 10) < 22;

/** Starts a thread that is alice and runs the code; `end()` resolves when it has ended. */
const open = (): string => `${usersSource('sqlite-thread')}
  const { ImpersonatedWorker } = require(${JSON.stringify(product)});
  const env = { ...process.env, ALICE: within(alice), BOB: within(bob), SECRET: secret };
  const run = (code, more = {}) => new Promise((resolve, reject) => {
    const worker = new ImpersonatedWorker(\`
      const { DatabaseSync } = require('node:sqlite');
      const { parentPort } = require('node:worker_threads');
      const { withoutToken } = require(${JSON.stringify(product)});
      const fs = require('node:fs');
      const print = (text) => fs.writeSync(1, text + '\\\\n');
      const { ALICE, BOB, SECRET } = process.env;
      const attempt = (work) => { try { return print(String(work() ?? 'done')); } catch (error) { print(error.code + (error.errcode ?? '')); } };
      \${code}\`, { token: tokens.alice, eval: true, env, ...more });
    worker.once('error', reject);
    worker.once('exit', resolve);
  });
`;

describeSwitching('node:sqlite on a thread that is a user', () => {
  const check = isMissing ? test.skip : test;

  check('opens databases as the user, and no others by SQL', async () => {
    const lines = await linesOf(
      `${open()}
      fs.writeFileSync(secret, '');
      await run(\`
        const file = ALICE + '/own.db';
        const db = new DatabaseSync(file);
        db.exec('CREATE TABLE t (a); INSERT INTO t VALUES (1)');
        attempt(() => JSON.stringify(db.prepare('SELECT a FROM t').all()));
        attempt(() => new DatabaseSync(BOB + '/file').exec('SELECT * FROM sqlite_schema'));
        attempt(() => new DatabaseSync(BOB + '/new.db'));
        attempt(() => new DatabaseSync(SECRET, { readOnly: true }).exec('SELECT * FROM sqlite_schema'));
        attempt(() => db.exec("ATTACH '" + SECRET + "' AS other"));
        attempt(() => new DatabaseSync('file:' + SECRET));
        attempt(() => new DatabaseSync(new URL('file:' + SECRET)));
        attempt(() => new DatabaseSync('/proc/self/cwd/package.json'));
        attempt(() => withoutToken(() => db.exec("ATTACH '" + SECRET + "' AS other")));
        db.close();
      \`);
      print(String(fs.statSync(within(alice, 'own.db')).uid === Number(alice.uid)));`,
      { execArgv: ['--no-warnings'] },
    );
    const no = 'ERR_NOT_ROUTED';
    const failed = 'ERR_SQLITE_ERROR14';
    expect(lines).toEqual([
      ...['[{"a":1}]', 'EACCES', 'EACCES', failed, no, no, no, 'EACCES', 'done', 'true'],
    ]);
  });

  check('closes them as the user, also at the end of the thread, and not by the collector', async () => {
    const lines = await linesOf(
      `${open()}
      // A log that stays: the user may remove nothing in the folder any more, but the process may.
      const files = () => fs.readdirSync(within(alice)).filter((name) => name.startsWith('own.')).sort().join();
      const begin = \`
        let db = new DatabaseSync(ALICE + '/own.db');
        db.exec('PRAGMA journal_mode = WAL; CREATE TABLE IF NOT EXISTS t (a); INSERT INTO t VALUES (1)');
        withoutToken(() => fs.chownSync(ALICE, 0, 0));
        const collect = () => { for (let i = 0; i < 5; i++) gc(); };\`;
      const left = [];
      for (const end of ['db.close()', 'db = undefined; withoutToken(collect)', 'process.exit()', '']) {
        await run(begin + end, { execArgv: ['--no-warnings'] });
        print([end, files()].join(': '));
        for (const name of files().split(',').filter(Boolean)) fs.unlinkSync(within(alice, name));
        world.own(within(alice), alice);
      }`,
      { execArgv: ['--expose-gc', '--no-warnings'] },
    );
    const all = 'own.db,own.db-shm,own.db-wal';
    expect(lines).toEqual([
      `db.close(): ${all}`,
      `db = undefined; withoutToken(collect): ${all}`,
      `process.exit(): ${all}`,
      `: ${all}`,
    ]);
  });
});
