import { seam } from '../support/win32/seam';
import { alice, bob, freshTokens } from '../support/world/acting';

const addon = 'impersonate.node';

afterEach(() => {
  seam().clearFaults();
});
freshTokens();

describe('kernel calls', () => {
  const names = [
    'OpenThreadToken',
    'SetThreadToken',
    'RevertToSelf',
    'ImpersonateLoggedOnUser',
    'GetTokenInformation',
    'DuplicateTokenEx',
    'CloseHandle',
  ];
  const count = (work: () => void): number => {
    for (const name of names) seam().failImport(addon, name, { error: 5, times: 0, late: true });
    work();
    return names.reduce((sum, name) => sum + seam().importCalls(addon, name), 0);
  };
  beforeEach(() => {
    for (const token of [alice, bob]) token.runSync(() => undefined);
  });

  test('of an outermost scope are 3: capture, set, restore', () => {
    expect(
      count(() => {
        alice.runSync(() => undefined);
      }),
    ).toBe(3);
    expect(
      count(() => {
        alice.impersonate().revert();
      }),
    ).toBe(3);
  });

  test('of a nested scope are 2', () => {
    alice.runSync(() => {
      expect(
        count(() => {
          bob.runSync(() => undefined);
        }),
      ).toBe(2);
    });
  });

  test('of the same token nested are none', () => {
    alice.runSync(() => {
      expect(
        count(() => {
          alice.runSync(() => {
            alice.impersonate().revert();
          });
        }),
      ).toBe(0);
    });
  });
});
