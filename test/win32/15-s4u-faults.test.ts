import { Token } from 'impersonate';
import { linesOf } from '../support/children/child';
import { until } from '../support/children/progress';
import { seam } from '../support/win32/seam';
import { domain, world } from '../support/world/win32';

const addon = 'impersonate.node';
const names = [`${domain}\\alice`, '.\\carol'];

beforeAll(() => {
  seam().defineUser({ name: 'carol', domain: '.', password: '', sid: `${world.alice.id}9` });
});
afterEach(() => {
  seam().clearFaults();
});

const refused = 0xc0000022; // STATUS_ACCESS_DENIED
const held = (): object => seam().outstanding();

test('no handle, connection or buffer is left of 200 users', async () => {
  const [before, count] = [held(), Token.count];
  const ask = async (turn: number): Promise<void> => {
    const name = turn % 5 === 4 ? 'no-such-user' : (names[turn % 2] as string);
    await Token.forUser(name).then(
      (token) => {
        token.close();
      },
      () => {},
    );
  };
  await ask(0);
  const handles = world.handleCount();
  for (let turn = 0; turn < 200; turn += 10) {
    await Promise.all(Array.from({ length: 10 }, (_, index) => ask(turn + index)));
  }
  await until(() => world.handleCount() <= handles + 10);
  expect(held()).toEqual(before);
  expect(Token.count).toBe(count);
  expect(world.handleCount()).toBeLessThanOrEqual(handles + 10);
});

test('LsaConnectUntrusted that fails leaves nothing behind', async () => {
  // The process's token is what it was when the package was loaded.
  const lines = await linesOf(
    `const { seam } = require(${JSON.stringify(require.resolve('../support/win32/seam'))});
    const spec = { user: ${JSON.stringify(world.serviceId)}, groups: [{ sid: 'S-1-1-0' }],
      privileges: ['SeChangeNotifyPrivilege'], type: 'primary', level: 'impersonation' };
    seam().setProcessToken(seam().mint(spec));
    const { Token } = require(${JSON.stringify(require.resolve('impersonate'))});
    require(${JSON.stringify(require.resolve('../support/world/win32'))});
    const before = JSON.stringify(seam().outstanding());
    seam().failImport('${addon}', 'LsaConnectUntrusted', { error: 8, returns: ${String(refused)}, times: 1 });
    const ask = () => Token.forUser('${domain}\\\\alice').then(
      (token) => { token.close(); console.log('done'); },
      (error) => console.log(error.code, error.syscall),
    );
    ask().then(ask).then(() =>
      console.log(Token.count, seam().effectiveIdentity().thread, JSON.stringify(seam().outstanding()) === before));`,
    {},
    'bare',
  );
  expect(lines).toEqual(['ERROR_ACCESS_DENIED LsaConnectUntrusted', 'done', '0 false true']);
});
