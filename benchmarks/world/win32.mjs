import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { Token } from '../product.mjs';
import { floors } from './floors.mjs';

const require = createRequire(import.meta.url);
const floor = require('../../build-win32-x64/Release/floor.node');
// Tokens of the Wine server, for users that have no account.
const { world: testWorld } = require('../../dist-test/support/world/world.js');
const { seam } = require('../../dist-test/support/win32/seam.js');

function person(mint, name) {
  const handle = mint();
  return {
    name,
    handle,
    token: async () => Token.fromHandle(mint(), { adopt: true }),
    ...floors(floor, handle),
  };
}

const groups = (count) =>
  Array.from({ length: count }, (_, index) => ({ sid: `S-1-5-21-1000-2000-3000-${10_000 + index}` }));

export const world = {
  port: 'win32',
  floor,
  seam: seam(),
  alice: person(testWorld.alice.mint, 'alice'),
  bob: person(testWorld.bob.mint, 'bob'),
  personWithGroups: async (count) =>
    person(() => testWorld.alice.mint({ groups: groups(count) }), `${count} groups`),
  logon: testWorld.bob.logon(),
  readable: fileURLToPath(new URL('../package.json', import.meta.url)),
};
