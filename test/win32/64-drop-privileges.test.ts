import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runSource, linesOf } from '../support/children/child';
import { product, root } from '../support/paths';

const open = `const { dropPrivileges } = require(${JSON.stringify(product)});
  const { seam } = require(${JSON.stringify(require.resolve('../support/win32/seam'))});
  const addon = 'impersonate.node';
  const held = () => { const token = Token.process(); const { privileges } = token; token.close(); return privileges.map(({ name }) => name).join(); };
  const codeOf = (work) => { try { work(); return 'done'; } catch (error) { return [error.name, error.code, error.syscall].join(' '); } };`;

describe('privileges of the process that cannot be dropped', () => {
  test.each([
    ['AdjustTokenPrivileges', 'ERROR_ACCESS_DENIED'],
    ['OpenProcessToken', 'ERROR_ACCESS_DENIED'],
    ['LookupPrivilegeValueW', 'ERROR_ACCESS_DENIED'],
  ])('leave the process as it was: %s fails', async (call, code) => {
    const lines = await linesOf(`${open}
      const before = held();
      seam().failImport(addon, '${call}', { error: 5, times: Infinity });
      print(codeOf(() => dropPrivileges({ keep: ['scopes'] })));
      seam().clearFaults();
      print(String(held() === before));
      print(codeOf(() => dropPrivileges({ keep: ['scopes'] })));`);
    expect(lines).toEqual([`ImpersonationError ${code} ${call}`, 'true', 'done']);
  });

  test('abort the process if they are there after all', async () => {
    const { code, stdout, stderr } = await runSource(`${open}
      seam().failImport(addon, 'AdjustTokenPrivileges', { error: 0, returns: 1, times: Infinity });
      print('ready');
      print(codeOf(() => dropPrivileges({ keep: ['scopes'] })));`);
    expect(code).not.toBe(0);
    expect(stdout.trim()).toBe('ready');
    expect(stderr).toMatch(
      /it cannot be shown that the process's privileges are gone: the token still has others/,
    );
  });
});

describe('a token that keeps the privileges of the process', () => {
  test.each([
    ['a copy of its token', 'const copy = Token.process();', 'copy.close();'],
    [
      'a thread that acts as the process itself',
      `seam().impersonateSelf('impersonation');`,
      'seam().clearForeignToken();',
    ],
  ])('prevents that they are dropped: %s', async (_what, before, after) => {
    const lines = await linesOf(`${open}
      ${before}
      print(codeOf(() => dropPrivileges({ keep: ['scopes'] })));
      ${after}
      print(codeOf(() => dropPrivileges({ keep: ['scopes'] })));
      print(held());`);
    expect(lines).toEqual([
      'ImpersonationError ERR_SCOPE_ACTIVE ',
      'done',
      expect.stringMatching(/^(?:SeChangeNotifyPrivilege|SeImpersonatePrivilege|,)+$/) as string,
    ]);
  });
});

test('the service of the deployment example has the privileges of its uses, and no others', async () => {
  const script = readFileSync(join(root, 'examples', 'deploy', 'windows-service', 'install.ps1'), 'utf8');
  const [, privileges = ''] = /^Invoke-Sc privs \$Name (\S+)$/m.exec(script) ?? [];
  const [, keep = ''] = /dropPrivileges\((\{.*?\})\)/.exec(script) ?? [];
  const lines = await linesOf(`${open} print([...dropPrivileges(${keep})].sort().join('/'));`);
  expect(lines).toEqual([privileges]);
});
