import { initializeComSecurity, type ComSecurityOptions } from 'impersonate';
import { caught } from '../support/errors';

describe('initializeComSecurity', () => {
  test.each<[string, unknown, string, string]>([
    ['no options', undefined, 'ERR_INVALID_ARG_TYPE', '"options"'],
    ['no cloaking', {}, 'ERR_INVALID_ARG_TYPE', '"options.cloaking"'],
    ['an unknown cloaking', { cloaking: 'none' }, 'ERR_INVALID_ARG_VALUE', '"options.cloaking"'],
    ['a name of Object', { cloaking: 'toString' }, 'ERR_INVALID_ARG_VALUE', '"options.cloaking"'],
    [
      'a level of no use',
      { cloaking: 'static', level: 'anonymous' },
      'ERR_INVALID_ARG_VALUE',
      '"options.level"',
    ],
    ['a level of null', { cloaking: 'static', level: 3 }, 'ERR_INVALID_ARG_TYPE', '"options.level"'],
    [
      'no authentication',
      { cloaking: 'static', authentication: 'none' },
      'ERR_INVALID_ARG_VALUE',
      '"options.authentication"',
    ],
    ['another option', { cloaking: 'static', security: '' }, 'ERR_INVALID_ARG_VALUE', '"options.security"'],
  ])('%s is an argument error', (_what, options, code, named) => {
    const error = caught(() => {
      initializeComSecurity(options as ComSecurityOptions);
    });
    expect(error).toMatchObject({ name: 'TypeError', code });
    expect(error.message).toContain(named);
  });

  (process.platform === 'win32' ? test.skip : test)('is unavailable where there is no COM', () => {
    expect(
      caught(() => {
        initializeComSecurity({ cloaking: 'dynamic' });
      }),
    ).toMatchObject({ name: 'ImpersonationError', code: 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM' });
  });
});
