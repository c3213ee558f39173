import { Token, type ForIdsOptions } from 'impersonate';
import { caught } from '../support/errors';
import { linesOf } from '../support/children/child';
import { describeSwitching } from '../support/world/acting';
import { threadStatus } from '../support/linux/thread-status';

describeSwitching('a token for numbers', () => {
  test('is a user of whom no account knows', () => {
    const service = threadStatus();
    using token = Token.forIds({ uid: 3_000_000_001, gid: 3_000_000_002, groups: [30_000, 5, 30_000] });
    expect(token.user).toEqual({ kind: 'user', id: '3000000001', uid: 3_000_000_001 });
    const { uids, gids, groups, capabilities } = token.runSync(threadStatus);
    expect([uids[1], uids[3], gids[1], gids[3]]).toEqual([
      3_000_000_001, 3_000_000_001, 3_000_000_002, 3_000_000_002,
    ]);
    expect([...groups]).toEqual([5, 30_000]);
    expect([capabilities.effective, capabilities.inheritable, capabilities.ambient]).toEqual([0n, 0n, 0n]);
    expect(threadStatus()).toEqual(service);
  });

  test('has no supplementary groups where none are named', () => {
    using token = Token.forIds({ uid: 20_001, gid: 20_001 });
    expect(token.runSync(threadStatus).groups).toEqual([]);
    using same = Token.forIds({ uid: 20_001, gid: 20_001, groups: [] });
    expect(token.equals(same)).toBe(true);
    expect(token.poolKey).toBe(same.poolKey);
  });

  test('may be root if that is said', () => {
    using token = Token.forIds({ uid: 0, gid: 7, allowRoot: true });
    const { uids, gids, groups } = token.runSync(threadStatus);
    expect([uids[1], gids[1], [...groups]]).toEqual([0, 7, []]);
  });

  test('that is the reserved uid is not entered', async () => {
    const lines = await linesOf(`const token = Token.forIds({ uid: 65533, gid: 65533 });
      try { token.runSync(() => { say('ran'); }); } catch (error) { say(error.code); }`);
    expect(lines).toEqual(['ERR_INVALID_IDENTITY']);
  });

  test.each<[string, unknown, string, RegExp]>([
    ['uid 0', { uid: 0, gid: 0 }, 'ERR_INVALID_ARG_VALUE', /"options\.uid".*allowRoot/],
    [
      'uid 0 with allowRoot false',
      { uid: 0, gid: 0, allowRoot: false },
      'ERR_INVALID_ARG_VALUE',
      /"options\.uid"/,
    ],
    ['-1', { uid: -1, gid: 1 }, 'ERR_INVALID_ARG_VALUE', /"options\.uid"/],
    [
      'the id for "leave it as it is"',
      { uid: 4_294_967_295, gid: 1 },
      'ERR_INVALID_ARG_VALUE',
      /"options\.uid"/,
    ],
    ['that gid', { uid: 1, gid: 4_294_967_295 }, 'ERR_INVALID_ARG_VALUE', /"options\.gid"/],
    [
      'that group',
      { uid: 1, gid: 1, groups: [4_294_967_295] },
      'ERR_INVALID_ARG_VALUE',
      /"options\.groups\[0\]"/,
    ],
    ['half a uid', { uid: 1.5, gid: 1 }, 'ERR_INVALID_ARG_VALUE', /"options\.uid"/],
    ['NaN', { uid: NaN, gid: 1 }, 'ERR_INVALID_ARG_VALUE', /"options\.uid"/],
    ['a string', { uid: '1', gid: 1 }, 'ERR_INVALID_ARG_TYPE', /"options\.uid"/],
    ['no gid', { uid: 1 }, 'ERR_INVALID_ARG_TYPE', /"options\.gid"/],
    [
      'a group that is none',
      { uid: 1, gid: 1, groups: [1, undefined] },
      'ERR_INVALID_ARG_TYPE',
      /"options\.groups\[1\]"/,
    ],
    ['groups that are no array', { uid: 1, gid: 1, groups: 1 }, 'ERR_INVALID_ARG_TYPE', /"options\.groups"/],
    [
      'too many groups',
      { uid: 1, gid: 1, groups: Array(65_537).fill(1) },
      'ERR_INVALID_ARG_VALUE',
      /"options\.groups"/,
    ],
    ['an unknown option', { uid: 1, gid: 1, name: 'x' }, 'ERR_INVALID_ARG_VALUE', /"options\.name"/],
    ['no options', undefined, 'ERR_INVALID_ARG_TYPE', /"options"/],
  ])('is refused for %s', (_what, options, code, message) => {
    const count = Token.count;
    const error = caught(() => Token.forIds(options as ForIdsOptions));
    expect(error).toMatchObject({ name: 'TypeError', code });
    expect(error.message).toMatch(message);
    expect(Token.count).toBe(count);
  });
});
