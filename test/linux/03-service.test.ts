import { linesOf } from '../support/children/child';
import { asService, mayChangeIds } from '../support/linux/environment';
import { describeSwitching } from '../support/world/acting';
import { world } from '../support/world/linux';

const status = `const { threadStatus } = require(${JSON.stringify(require.resolve('../support/linux/thread-status'))});`;

const asBob = (...capabilities: string[]): string[] => asService(capabilities, world.bob);

const text =
  "const text = (value) => JSON.stringify(value, (_, part) => (typeof part === 'bigint' ? String(part) : part));";
const bits = { setgid: 1n << 6n, setuid: 1n << 7n, override: 1n << 1n };

describeSwitching('a service that is not root', () => {
  // The kernel clears capabilities when the effective user goes from root to another; here nobody is root.
  test('has no effective capabilities in a scope, and all of its own after it', async () => {
    const lines = await linesOf(
      `${status}
      const alice = await world.alice.token();
      const before = threadStatus();
      const inside = alice.runSync(() => ({ status: threadStatus(), own: world.canOpen(world.alice), bobs: world.canOpen(world.bob), services: world.canOpenService() }));
      const after = threadStatus();
      ${text}
      say(before.uids.join() + ' ' + before.capabilities.effective);
      say(inside.status.uids.join() + ' ' + inside.status.capabilities.effective + ' ' + [inside.own, inside.bobs, inside.services]);
      say(String(text(before) === text(after)));`,
      { through: asBob('setuid', 'setgid', 'dac_override') },
    );
    const [a, b] = [world.alice.id, world.bob.id];
    expect(lines).toEqual([
      `${b},${b},${b},${b} ${String(bits.setuid | bits.setgid | bits.override)}`,
      `65533,${a},${b},${a} 0 true,false,false`,
      'true',
    ]);
  });

  test('has none in any further scope either', async () => {
    const lines = await linesOf(
      `${status} ${text}
      const alice = await world.alice.token();
      const before = text(threadStatus());
      for (let i = 0; i < 3; i++) say(alice.runSync(() => threadStatus().capabilities.effective) + ' ' + (text(threadStatus()) === before));
      // Given up by another addon, and not to be had again.
      say(String(require(${JSON.stringify(require.resolve('../support/linux/probe'))}).probe().setCapabilities(${String(mayChangeIds)})));
      const less = text(threadStatus());
      say(alice.runSync(() => threadStatus().capabilities.effective) + ' ' + (text(threadStatus()) === less));`,
      { through: asBob('setuid', 'setgid', 'dac_override') },
    );
    expect(lines).toEqual(['0 true', '0 true', '0 true', '0', '0 true']);
  });

  test.each([
    ['no capability', []],
    ['CAP_SETUID alone', ['setuid']],
    ['CAP_SETGID alone', ['setgid']],
  ])('with %s gets a clear error, and nothing runs', async (_name, capabilities) => {
    const lines = await linesOf(
      `${status}
      const alice = await world.alice.token();
      const text = () => JSON.stringify(threadStatus(), (_, part) => (typeof part === 'bigint' ? String(part) : part));
      const before = text();
      for (const enter of [() => alice.runSync(() => { say('ran'); }), () => alice.impersonate()]) {
        try { enter(); say('entered'); } catch (error) { say(error.name + ' ' + error.code + ' ' + /^set/.test(error.syscall)); }
      }
      say(String(text() === before) + ' ' + Token.thread());`,
      { through: asBob(...capabilities) },
    );
    expect(lines).toEqual(['ImpersonationError EPERM true', 'ImpersonationError EPERM true', 'true null']);
  });
});
