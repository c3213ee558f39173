import { lookupAccount, type Token } from 'impersonate';
import { seam } from '../support/win32/seam';
import { domain, world } from '../support/world/win32';

let alice: Token;
beforeEach(async () => {
  alice = await world.alice.token();
});
afterEach(() => {
  alice.close();
});

describe('an account look-up', () => {
  test('is made by the process, on a thread of the pool, even from a scope', async () => {
    seam().takeAuthorityRecords();
    // A user that has not been looked up: results are cached.
    const sid = `${world.alice.id}${String(Date.now() % 1000)}`;
    seam().defineUser({ name: 'carol', domain, password: 'carol', sid });
    let pending: Promise<unknown> | undefined;
    alice.runSync(() => {
      pending = lookupAccount({ kind: 'user', id: sid, sid });
    });
    expect(await pending).toEqual({ name: 'carol', domain });
    const records = seam()
      .takeAuthorityRecords()
      .filter((record) => record.function === 'LookupAccountSidW');
    expect(records.length).toBeGreaterThan(0);
    for (const record of records) expect(record).toMatchObject({ sid: world.serviceId, main: false });
  });

  test('of an unknown SID finds nothing', async () => {
    expect(await lookupAccount({ kind: 'user', id: 'S-1-5-21-9-9-9-9999' })).toBeUndefined();
  });
});
