import { Token } from 'impersonate';
import { linesOf } from '../support/children/child';
import { until } from '../support/children/progress';
import { caught, type Caught } from '../support/errors';
import { seam } from '../support/win32/seam';
import { expectActingAsService } from '../support/world/acting';
import { domain, world } from '../support/world/win32';

const addon = 'impersonate.node';

afterEach(() => {
  seam().clearFaults();
});

describe('making a token that fails', () => {
  let alice: Token;
  beforeEach(async () => {
    alice = await world.alice.token();
  });
  afterEach(() => {
    alice.close();
  });

  const makers: [string, () => Token][] = [
    [
      'fromHandle',
      () => {
        const handle = world.alice.mint();
        try {
          return Token.fromHandle(handle);
        } finally {
          seam().closeHandle(handle);
        }
      },
    ],
    ['duplicate', () => alice.duplicate({ level: 'identification' })],
    ['restrict', () => alice.restrict({ removePrivileges: ['SeShutdownPrivilege'] })],
    ['process', () => Token.process()],
  ];
  const calls = [
    'DuplicateTokenEx',
    'CreateRestrictedToken',
    'GetTokenInformation',
    'AllocateLocallyUniqueId',
    'SetTokenInformation',
  ];
  const cases = makers.flatMap(([name, make]) =>
    calls.map((call): [string, string, () => Token] => [name, call, make]),
  );

  // Each call of each kind fails in turn, until the work makes fewer calls.
  test.each(cases)('%s at %s leaves no handle or token behind', (_name, call, make) => {
    make().close();
    const [handles, count] = [world.handleCount(), Token.count];
    let failures = 0;
    for (let skip = 0; skip < 20; skip++) {
      try {
        seam().failImport(addon, call, { error: 8, skip, times: 1, late: true });
        make().close();
        if (seam().importCalls(addon, call) <= skip) break;
      } catch (error) {
        failures++;
        expect(typeof (error as Caught).code).toBe('string');
      } finally {
        seam().clearFaults();
      }
      expectActingAsService();
    }
    expect(Token.count).toBe(count);
    expect(world.handleCount()).toBeLessThanOrEqual(handles + 1);
    expect(failures).toBeLessThan(20);
  });

  test.each<[string, string]>([
    ['duplicate', 'DuplicateTokenEx'],
    ['restrict', 'CreateRestrictedToken'],
  ])('%s passes on the error of %s', (name, call) => {
    expect(seam().failImport(addon, call, { error: 5 })).not.toEqual([]);
    const make = makers.find(([key]) => key === name)?.[1];
    expect(caught(() => make?.())).toMatchObject({
      name: 'ImpersonationError',
      code: 'ERROR_ACCESS_DENIED',
      syscall: call,
    });
  });
});

const names = [`${domain}\\alice`, '.\\carol'];

beforeAll(() => {
  seam().defineUser({ name: 'carol', domain: '.', password: '', sid: `${world.alice.id}9` });
});
const refused = 0xc0000022; // STATUS_ACCESS_DENIED
const held = (): object => seam().outstanding();

test('200 users leave no handle, connection or buffer', async () => {
  const [before, count] = [held(), Token.count];
  const request = async (round: number): Promise<void> => {
    const name = round % 5 === 4 ? 'no-such-user' : (names[round % 2] as string);
    await Token.forUser(name).then(
      (token) => {
        token.close();
      },
      () => {},
    );
  };
  await request(0);
  const handles = world.handleCount();
  for (let round = 0; round < 200; round += 10) {
    await Promise.all(Array.from({ length: 10 }, (_, index) => request(round + index)));
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
    const request = () => Token.forUser('${domain}\\\\alice').then(
      (token) => { token.close(); console.log('done'); },
      (error) => console.log(error.code, error.syscall),
    );
    request().then(request).then(() =>
      console.log(Token.count, seam().effectiveIdentity().thread, JSON.stringify(seam().outstanding()) === before));`,
    {},
    'bare',
  );
  expect(lines).toEqual(['ERROR_ACCESS_DENIED LsaConnectUntrusted', 'done', '0 false true']);
});
