import { Token } from 'impersonate';
import { expectActingAs } from '../support/world/acting';
import { caught } from '../support/errors';
import { seam } from '../support/win32/seam';
import { world } from '../support/world/win32';

const { alice } = world;
const invalidHandle = 6;
const isOpen = (handle: bigint): boolean => {
  try {
    seam().closeHandle(seam().duplicateHandle(handle));
    return true;
  } catch (error) {
    expect(error).toMatchObject({ errno: invalidHandle });
    return false;
  }
};

describe('fromHandle', () => {
  test('copies the token and does not close the handle', () => {
    const handle = alice.mint();
    const token = Token.fromHandle(handle);
    expect(isOpen(handle)).toBe(true);
    seam().closeHandle(handle);
    token.runSync(() => {
      expectActingAs(alice);
    });
    token.close();
  });

  test('with adopt takes the handle over, and closes it once', () => {
    const handle = alice.mint();
    using token = Token.fromHandle(handle, { adopt: true });
    expect(isOpen(handle)).toBe(false);
    // A later handle with the same number must not be closed with the token.
    const others = Array.from({ length: 50 }, () => alice.mint());
    token.close();
    expect(others.every(isOpen)).toBe(true);
    for (const other of others) seam().closeHandle(other);
  });

  test('takes a number as well as a bigint', () => {
    const handle = alice.mint();
    using token = Token.fromHandle(Number(handle), { adopt: true });
    expect(token.user.id).toBe(alice.id);
  });

  test('of a primary token is primary, and can be entered', () => {
    using token = Token.fromHandle(alice.mint({ type: 'primary' }), { adopt: true });
    expect([token.type, token.level]).toEqual(['primary', null]);
    token.runSync(() => {
      expectActingAs(alice);
      expect(seam().effectiveIdentity().level).toBe('impersonation');
    });
  });

  test('of a token of identification level cannot be entered', () => {
    using token = Token.fromHandle(alice.mint({ level: 'identification' }), { adopt: true });
    expect(token.level).toBe('identification');
    expect(
      caught(() => {
        token.impersonate().revert();
      }).code,
    ).toBe('ERR_TOKEN_LEVEL');
  });

  test.each<[string, unknown]>([
    ['undefined', undefined],
    ['null', null],
    ['string', '4'],
    ['zero', 0n],
    ['zero', 0],
    ['negative', -1],
    ['negative', -4n],
    ['a fraction', 4.5],
    ['NaN', NaN],
    ['too large', 2n ** 64n],
    ['the pseudo handle of the thread token', 2n ** 64n - 5n],
    ['an object', {}],
  ])('throws for %s', (_what, handle) => {
    const count = Token.count;
    const error = caught(() => Token.fromHandle(handle as bigint, { adopt: true }));
    expect(error.code).toMatch(/^ERR_INVALID_ARG_(TYPE|VALUE)$/);
    expect(error.name).toBe('TypeError');
    expect(error.message).toContain('handle');
    expect(Token.count).toBe(count);
  });

  test('throws for a handle that is not open', () => {
    const handle = alice.mint();
    seam().closeHandle(handle);
    expect(caught(() => Token.fromHandle(handle))).toMatchObject({
      name: 'TypeError',
      code: 'ERR_INVALID_ARG_VALUE',
    });
  });

  test.each([
    ['TOKEN_DUPLICATE', 0x8],
    ['TOKEN_QUERY', 0x2],
  ])('names the right that is missing with only %s, and leaves the handle open', (_name, access) => {
    const full = alice.mint();
    const poor = seam().duplicateHandle(full, access);
    const error = caught(() => Token.fromHandle(poor, { adopt: true }));
    expect(error).toMatchObject({ name: 'ImpersonationError', code: 'ERROR_ACCESS_DENIED', errno: 5 });
    expect(isOpen(poor)).toBe(true);
    seam().closeHandle(poor);
    seam().closeHandle(full);
  });

  test.each([
    ['adopt', { adopt: 1 }],
    ['options', null],
    ['options', 'adopt'],
  ])('names the wrong argument %s and leaves the handle open', (argument, options) => {
    const handle = alice.mint();
    const error = caught(() => Token.fromHandle(handle, options as never));
    expect(error).toMatchObject({ name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' });
    expect(error.message).toContain(argument);
    expect(isOpen(handle)).toBe(true);
    seam().closeHandle(handle);
  });
});
