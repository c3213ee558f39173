import { scopesToCount } from '../programs/scopes-to-count.mjs';

const addon = 'impersonate.node';
// The addon's imports that make kernel calls for tokens.
const calls = [
  'OpenThreadToken',
  'OpenProcessToken',
  'SetThreadToken',
  'RevertToSelf',
  'ImpersonateLoggedOnUser',
  'ImpersonateAnonymousToken',
  'GetTokenInformation',
  'DuplicateTokenEx',
  'DuplicateHandle',
  'CloseHandle',
];

/** Counts the calls of the addon's imports for one scope of each kind: { kind: { call: count } }. */
export async function countCalls(world, count) {
  const { seam } = world;
  const kinds = await scopesToCount(world);
  delete kinds['the switch pair in C++']; // another addon makes these calls
  delete kinds['fs.promises.stat'];
  const counted = {};
  for (const [kind, work] of Object.entries(kinds)) {
    for (const call of calls) seam.failImport(addon, call, { error: 5, times: 0, late: true });
    await work(count);
    const each = calls.map((call) => [call, Math.round((seam.importCalls(addon, call) / count) * 10) / 10]);
    counted[kind] = Object.fromEntries(each.filter(([, times]) => times > 0));
    seam.clearFaults();
  }
  return counted;
}
