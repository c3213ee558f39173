import { NegotiateServer, type NegotiateServerOptions } from 'impersonate';
import { caught } from '../support/errors';

const wrong: [string, unknown, string][] = [
  ['options', null, 'TYPE'],
  ['options', 'NTLM', 'TYPE'],
  ['options.pakcage', { pakcage: 'NTLM' }, 'VALUE'],
  ['options.package', { package: 'ntlm' }, 'VALUE'],
  ['options.package', { package: '' }, 'VALUE'],
  ['options.principal', { principal: '' }, 'VALUE'],
  ['options.principal', { principal: 'a\0b' }, 'VALUE'],
  ['options.principal', { principal: 1 }, 'TYPE'],
  ['options.allowAnonymous', { allowAnonymous: 'no' }, 'TYPE'],
  ['options.maxMessageSize', { maxMessageSize: 0 }, 'VALUE'],
  ['options.maxMessageSize', { maxMessageSize: '64' }, 'TYPE'],
  ['options.maxMessages', { maxMessages: 1.5 }, 'VALUE'],
  ['options.timeout', { timeout: 3_600_001 }, 'VALUE'],
  ['options.timeout', { timeout: Infinity }, 'VALUE'],
  ['options.maxHandshakes', { maxHandshakes: -1 }, 'VALUE'],
];

test.each(wrong)('a wrong %s: %j', (argument, options, kind) => {
  const error = caught(() => new NegotiateServer(options as NegotiateServerOptions));
  expect(error).toMatchObject({ name: 'TypeError', code: `ERR_INVALID_ARG_${kind}` });
  expect(error.message).toContain(`"${argument}"`);
});
