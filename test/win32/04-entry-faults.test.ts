import { Token } from 'impersonate';
import { expectActingAs, expectActingAsService } from '../support/acting';
import { caught } from '../support/errors';
import { seam, type FaultSpan } from '../support/seam';
import { world } from '../support/world-win32';

const addon = 'impersonate.node';
const fail = (name: string, span: FaultSpan = {}): void => {
  expect(seam().failImport(addon, name, { error: 5, times: Infinity, ...span })).not.toEqual([]);
};

let alice: Token;
let bob: Token;
beforeEach(async () => {
  alice = await world.alice.token();
  bob = await world.bob.token();
});
afterEach(() => {
  seam().clearFaults();
  alice.close();
  bob.close();
});

describe('an entry that fails', () => {
  test.each([
    ['SetThreadToken', 'ERROR_ACCESS_DENIED', 5],
    ['OpenThreadToken', 'ERROR_ACCESS_DENIED', 5],
    ['OpenThreadToken', 'ERROR_NOT_ENOUGH_MEMORY', 8],
  ])('at %s with %s: the callback never runs, the thread is as before', (call, code, errno) => {
    let ran = false;
    for (const enter of [() => { alice.runSync(() => { ran = true; }); }, () => { alice.impersonate().revert(); }]) {
      expect(seam().failImport(addon, call, { error: errno, times: Infinity })).not.toEqual([]);
      const error = caught(enter);
      seam().clearFaults();
      expect(error).toMatchObject({ name: 'ImpersonationError', code, errno, syscall: call });
      expectActingAsService();
    }
    expect(ran).toBe(false);
    seam().clearFaults();
    alice.runSync(() => {
      expectActingAs(world.alice);
    });
  });

  test('inside another scope leaves that one in force', () => {
    alice.runSync(() => {
      fail('SetThreadToken', { times: 1 });
      expect(caught(() => { bob.impersonate().revert(); })).toMatchObject({ code: 'ERROR_ACCESS_DENIED', syscall: 'SetThreadToken' });
      expectActingAs(world.alice);
    });
    expectActingAsService();
  });

  test('over a foreign token that nobody can open leaves it there', () => {
    const handle = world.bob.mint({ level: 'anonymous' });
    seam().setForeignToken(handle);
    try {
      let ran = false;
      const error = caught(() => alice.runSync(() => { ran = true; }));
      expect(error).toMatchObject({ name: 'ImpersonationError', code: 'ERROR_CANT_OPEN_ANONYMOUS' });
      expect(ran).toBe(false);
      expect(seam().effectiveIdentity().thread).toBe(true);
    } finally {
      seam().clearForeignToken();
      seam().closeHandle(handle);
    }
  });

  test.each(['runSync', 'impersonate'] as const)('by a silent downgrade is caught at the first use by %s', (how) => {
    seam().lieSetThreadToken(addon, { times: 1 });
    let ran = false;
    const enter = (): unknown => (how === 'runSync' ? alice.runSync(() => { ran = true; }) : alice.impersonate().revert());
    expect(caught(enter)).toMatchObject({ name: 'ImpersonationError', code: 'ERR_IMPERSONATION_DOWNGRADED' });
    expect(ran).toBe(false);
    expectActingAsService();
    // It was not taken for verified: the next use asks again.
    seam().lieSetThreadToken(addon, { times: 1 });
    expect(caught(enter).code).toBe('ERR_IMPERSONATION_DOWNGRADED');
    expectActingAsService();
  });

  test('by a silent downgrade in a nested scope goes back to the outer one', () => {
    alice.runSync(() => {
      seam().lieSetThreadToken(addon, { times: 1 });
      expect(caught(() => { bob.impersonate().revert(); }).code).toBe('ERR_IMPERSONATION_DOWNGRADED');
      expectActingAs(world.alice);
    });
  });

  test('leaves no handle, token or scope behind', () => {
    const enter = (): void => { caught(() => { alice.impersonate().revert(); }); };
    fail('SetThreadToken');
    enter();
    const [handles, count] = [world.handleCount(), Token.count];
    for (let round = 0; round < 500; round++) enter();
    expect(world.handleCount()).toBeLessThanOrEqual(handles + 1);
    expect(Token.count).toBe(count);
  });
});

describe('making a token that fails', () => {
  const makers: [string, () => Token][] = [
    ['fromHandle', () => {
      const handle = world.alice.mint();
      try {
        return Token.fromHandle(handle);
      } finally {
        seam().closeHandle(handle);
      }
    }],
    ['duplicate', () => alice.duplicate({ level: 'identification' })],
    ['restrict', () => alice.restrict({ removePrivileges: ['SeShutdownPrivilege'] })],
    ['process', () => Token.process()],
  ];
  const calls = ['DuplicateTokenEx', 'CreateRestrictedToken', 'GetTokenInformation', 'AllocateLocallyUniqueId', 'SetTokenInformation'];
  const cases = makers.flatMap(([name, make]) => calls.map((call): [string, string, () => Token] => [name, call, make]));

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
        expect(error).toMatchObject({ code: expect.any(String) });
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
    fail(call, { times: 1 });
    const make = makers.find(([key]) => key === name)?.[1];
    expect(caught(() => make?.())).toMatchObject({ name: 'ImpersonationError', code: 'ERROR_ACCESS_DENIED', syscall: call });
  });
});

describe('kernel calls', () => {
  const names = ['OpenThreadToken', 'SetThreadToken', 'RevertToSelf', 'ImpersonateLoggedOnUser', 'GetTokenInformation', 'DuplicateTokenEx', 'CloseHandle'];
  const count = (work: () => void): number => {
    for (const name of names) seam().failImport(addon, name, { error: 5, times: 0, late: true });
    work();
    return names.reduce((sum, name) => sum + seam().importCalls(addon, name), 0);
  };
  beforeEach(() => {
    for (const token of [alice, bob]) token.runSync(() => undefined);
  });

  test('of an outermost scope are 3: capture, set, restore', () => {
    expect(count(() => { alice.runSync(() => undefined); })).toBe(3);
    expect(count(() => { alice.impersonate().revert(); })).toBe(3);
  });

  test('of a nested scope are 2', () => {
    alice.runSync(() => {
      expect(count(() => { bob.runSync(() => undefined); })).toBe(2);
    });
  });

  test('of the same token nested are none', () => {
    alice.runSync(() => {
      expect(count(() => { alice.runSync(() => { alice.impersonate().revert(); }); })).toBe(0);
    });
  });
});
