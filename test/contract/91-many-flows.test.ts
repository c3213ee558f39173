import { join } from 'node:path';
import { runProgram } from '../support/children/child';
import { describeSwitching } from '../support/world/acting';
import { tempFolder } from '../support/folders';

const program = join(__dirname, 'programs', 'many-flows.js');

describeSwitching('1,000 flows of two users at once', () => {
  test.each([
    ['impersonate/fs', 'fs'],
    ['node:fs', 'node'],
  ])('through %s: no step runs as another user', async (_name, mode) => {
    const seed = String(Math.floor(Math.random() * 1e6));
    const result = await runProgram(program, {
      args: [tempFolder('flows'), mode, seed, '1000'],
      // The program loads the world before it decides about routing.
      execArgv: ['--disable-warning=IMPERSONATE_LOADED_LATE'],
    });
    expect({ seed, ...result }).toEqual({
      seed,
      code: 0,
      signal: null,
      stderr: '',
      stdout: expect.stringMatching(/^\{"flows":1000,"wrong":\[\],"wrongCount":0\}\s*$/) as string,
    });
  });

  test('through node:fs under impersonate/unrouted: the check finds wrong users', async () => {
    const { stdout } = await runProgram(program, { args: [tempFolder('flows'), 'unrouted', '1', '50'] });
    expect(JSON.parse(stdout)).toMatchObject({ flows: 50 });
    expect((JSON.parse(stdout) as { wrongCount: number }).wrongCount).toBeGreaterThan(10);
  });
});
