import { type ImpersonationLevel, Token } from 'impersonate';
import { caught } from '../support/errors';
import { describeSwitching, expectActingAs } from '../support/world/acting';
import { world } from '../support/world/world';

describe('restrict', () => {
  test('wants at least one option', () => {
    using token = Token.process();
    for (const options of [{}, undefined]) {
      expect(caught(() => token.restrict(options as never)).code).toMatch(/^ERR_INVALID_ARG_(TYPE|VALUE)$/);
    }
  });

  test('takes privileges away from the new token alone', () => {
    using token = Token.process();
    const names = token.privileges.map((privilege) => privilege.name);
    const [name] = names;
    if (name === undefined) return; // a service without privileges has none to lose; the port's tests mint some
    using restricted = token.restrict({ removePrivileges: [name] });
    expect(restricted.privileges.map((privilege) => privilege.name)).not.toContain(name);
    expect(token.privileges.map((privilege) => privilege.name)).toEqual(names);
    expect(restricted.equals(token)).toBe(false);
  });

  test('says what this system does not have', () => {
    using token = Token.process();
    const options =
      process.platform === 'win32' ? { dropGroups: true as const } : { denyOnly: ['S-1-5-32-544'] };
    const error = caught(() => token.restrict(options));
    expect(error.code).toBe('ERR_FEATURE_UNAVAILABLE_ON_PLATFORM');
  });
});

describeSwitching('duplicate', () => {
  test('makes a token of its own', async () => {
    const alice = await world.alice.token();
    using copy = alice.duplicate();
    expect(copy).not.toBe(alice);
    expect(copy.equals(alice)).toBe(true);
    alice.close();
    expect(copy.closed).toBe(false);
    copy.runSync(() => {
      expectActingAs(world.alice);
    });
  });

  test.each<ImpersonationLevel>(['anonymous', 'identification'])(
    'at level %s it cannot be entered',
    async (level) => {
      using alice = await world.alice.token();
      using looked = alice.duplicate({ level });
      expect(looked.level).toBe(level);
      let ran = false;
      const work = (): void => {
        ran = true;
      };
      for (const enter of [
        () => {
          looked.impersonate().revert();
        },
        () => {
          looked.runSync(work);
        },
      ]) {
        expect(caught(enter)).toMatchObject({ name: 'ImpersonationError', code: 'ERR_TOKEN_LEVEL' });
      }
      expect(ran).toBe(false);
    },
  );

  test('cannot raise the level', async () => {
    using alice = await world.alice.token();
    using looked = alice.duplicate({ level: 'identification' });
    const count = Token.count;
    const error = caught(() => looked.duplicate({ level: 'impersonation' }));
    expect(error.name).toBe('ImpersonationError');
    expect(error.code).toMatch(/^(ERROR_BAD_IMPERSONATION_LEVEL|ERR_TOKEN_LEVEL)$/);
    expect(Token.count).toBe(count);
  });

  test('of the process token is an impersonation token of the service', () => {
    using service = Token.process();
    using copy = service.duplicate({ level: 'impersonation' });
    expect(copy.type).toBe('impersonation');
    expect(copy.user.id).toBe(world.serviceId);
    copy.runSync(() => {
      expect(world.whoAmI()).toBe(world.serviceId);
    });
  });
});
