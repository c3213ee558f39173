import { join } from 'node:path';
import { runProgram } from '../support/children/child';

interface Report {
  readonly compared: number;
  readonly differences: readonly string[];
}

test('impersonate/fs answers as node does, call by call', async () => {
  const program = join(__dirname, 'programs', 'fs-parity.js');
  const { code, stdout, stderr } = await runProgram(program, {
    execArgv: ['--no-warnings'],
  });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const { compared, differences } = JSON.parse(stdout) as Report;
  expect(differences).toEqual([]);
  expect(compared).toBeGreaterThan(1500);
});
