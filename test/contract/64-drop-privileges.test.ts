import { dropPrivileges, Token, type DropPrivilegesOptions } from 'impersonate';
import { linesOf } from '../support/children/child';
import { caught } from '../support/errors';
import { product } from '../support/paths';
import { describeSwitching } from '../support/world/acting';

const isWindows = process.platform === 'win32';
const open = `const { dropPrivileges } = require(${JSON.stringify(product)});
  const held = () => { const token = Token.process(); const names = token.privileges.map(({ name }) => name); token.close(); return names.sort().join(); };
  const codeOf = (work) => { try { work(); return 'done'; } catch (error) { return [error.name, error.code].join(' '); } };`;

/** What is left for scopes, and for Token.forUser() and profiles. */
const [forScopes, forUsers] = isWindows
  ? [
      ['SeChangeNotifyPrivilege', 'SeImpersonatePrivilege'],
      [
        'SeBackupPrivilege',
        'SeChangeNotifyPrivilege',
        'SeImpersonatePrivilege',
        'SeRestorePrivilege',
        'SeTcbPrivilege',
      ],
    ]
  : [
      ['CAP_SETGID', 'CAP_SETUID'],
      ['CAP_AUDIT_WRITE', 'CAP_SETGID', 'CAP_SETUID'],
    ];

describe('dropPrivileges', () => {
  test.each<[string, unknown, string, string]>([
    ['no options', undefined, 'ERR_INVALID_ARG_TYPE', '"options"'],
    ['no list', {}, 'ERR_INVALID_ARG_TYPE', '"options.keep"'],
    ['a string', { keep: 'scopes' }, 'ERR_INVALID_ARG_TYPE', '"options.keep"'],
    ['an unknown use', { keep: ['scopes', 'files'] }, 'ERR_INVALID_ARG_VALUE', '"options.keep[1]"'],
    ['a capability', { keep: ['CAP_SETUID'] }, 'ERR_INVALID_ARG_VALUE', '"options.keep[0]"'],
    ['a name of Object', { keep: ['constructor'] }, 'ERR_INVALID_ARG_VALUE', '"options.keep[0]"'],
    ['a hole', { keep: new Array<string>(1) }, 'ERR_INVALID_ARG_VALUE', '"options.keep[0]"'],
    ['another option', { keep: [], drop: [] }, 'ERR_INVALID_ARG_VALUE', '"options.drop"'],
  ])('%s is an argument error, and drops nothing', (_what, options, code, named) => {
    const token = Token.process();
    const before = token.privileges;
    token.close();
    const error = caught(() => dropPrivileges(options as DropPrivilegesOptions));
    expect(error).toMatchObject({ name: 'TypeError', code });
    expect(error.message).toContain(named);
    const after = Token.process();
    expect(after.privileges).toEqual(before);
    after.close();
  });
});

describeSwitching('privileges that have been dropped', () => {
  test('are those that the uses do not need, and the others still work', async () => {
    const lines = await linesOf(`${open}
      print([...dropPrivileges({ keep: ['scopes'] })].sort().join());
      print(held());
      const alice = await world.alice.token();
      const bob = await world.bob.token();
      const who = () => world.whoAmI();
      print(String(alice.runSync(who) === world.alice.id) + ' ' + (alice.runSync(() => bob.runSync(who)) === world.bob.id));
      { const scope = alice.impersonate(); const is = who() === world.alice.id; scope.revert(); print(String(is)); }
      print(String(await alice.run(async () => { await null; return Token.current().user.id; }) === world.alice.id));
      print(String(world.whoAmI() === world.serviceId));`);
    expect(lines).toEqual([forScopes.join(), forScopes.join(), 'true true', 'true', 'true', 'true']);
  });

  test('do not come back: by another call, or on a thread that starts later', async () => {
    const lines = await linesOf(`${open}
      const { Worker, isMainThread } = require('node:worker_threads');
      if (isMainThread) {
        print([...dropPrivileges({ keep: ['scopes'] })].sort().join());
        print([...dropPrivileges({ keep: ['scopes', 's4u', 'processes', 'profiles'] })].sort().join());
        await new Promise((resolve) => new Worker(__filename).once('exit', resolve));
      } else {
        print('worker ' + held());
      }`);
    expect(lines).toEqual([forScopes.join(), forScopes.join(), `worker ${forScopes.join()}`]);
  });

  test('are not those of the other uses that are named', async () => {
    const lines = await linesOf(`${open}
      print([...dropPrivileges({ keep: ['s4u', 'profiles', 's4u'] })].sort().join());`);
    expect(lines).toEqual([forUsers.join()]);
  });

  test('can all be dropped', async () => {
    const lines = await linesOf(`${open}
      print('left: ' + dropPrivileges({ keep: [] }).join());
      print('left: ' + held());`);
    const left = `left: ${isWindows ? 'SeChangeNotifyPrivilege' : ''}`;
    expect(lines).toEqual([left, left]);
  });

  test('can be dropped on a worker thread, for all', async () => {
    const lines = await linesOf(`${open}
      const { Worker, isMainThread } = require('node:worker_threads');
      if (isMainThread) {
        await new Promise((resolve) => new Worker(__filename).once('exit', resolve));
        print(held());
      } else {
        dropPrivileges({ keep: ['scopes'] });
      }`);
    expect(lines).toEqual([forScopes.join()]);
  });

  test('are not dropped while a thread acts as a user', async () => {
    const lines = await linesOf(`${open}
      const before = held();
      const alice = await world.alice.token();
      print(alice.runSync(() => codeOf(() => dropPrivileges({ keep: [] }))));
      const { Worker, isMainThread, parentPort, workerData } = require('node:worker_threads');
      if (isMainThread) {
        const shared = new Int32Array(new SharedArrayBuffer(4));
        const worker = new Worker(__filename, { workerData: shared });
        await new Promise((resolve) => { worker.once('message', resolve); });
        alice.close();
        print(codeOf(() => dropPrivileges({ keep: [] })));
        print(String(held() === before));
        Atomics.store(shared, 0, 1);
        Atomics.notify(shared, 0);
        await new Promise((resolve) => { worker.once('exit', resolve); });
        print(codeOf(() => dropPrivileges({ keep: [] })));
      } else {
        alice.runSync(() => { alice.close(); parentPort.postMessage('here'); Atomics.wait(workerData, 0, 0); });
      }`);
    const refused = 'ImpersonationError ERR_SCOPE_ACTIVE';
    expect(lines).toEqual([refused, refused, refused, 'true', 'done']);
  });
});
