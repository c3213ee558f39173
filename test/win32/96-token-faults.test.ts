import { Token } from 'impersonate';
import { expectActingAsService } from '../support/world/acting';
import { caught, type Caught } from '../support/errors';
import { seam } from '../support/win32/seam';
import { world } from '../support/world/win32';

const addon = 'impersonate.node';

let alice: Token;
beforeEach(async () => {
  alice = await world.alice.token();
});
afterEach(() => {
  seam().clearFaults();
  alice.close();
});

describe('making a token that fails', () => {
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

  // Each call of each kind fails in turn, until the work gets by without that many.
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
