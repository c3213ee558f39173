import { linesOf, runSource } from '../support/children/child';
import { product } from '../support/paths';
import { describeSwitching } from '../support/world/acting';

const open = `const alice = await world.alice.token();
  const bob = await world.bob.token();
  const who = () => (world.whoAmI() === world.alice.id ? 'alice' : world.whoAmI() === world.bob.id ? 'bob' : 'service');`;
const binding = JSON.stringify(product.replace(/index\.js$/, 'core.js'));

// JavaScript decides without a native call whether a thread is already the user.
describeSwitching('the same token in a callback of its own runSync', () => {
  test('calls, returns and throws like every runSync', async () => {
    const lines = await linesOf(`${open}
      alice.runSync(() => {
        print(alice.runSync(function (...args) { return [who(), this, ...args].join(); }, 1, 2));
        try { alice.runSync(() => { throw new Error('mine'); }); } catch (error) { print(error.message); }
        try { alice.runSync(() => Promise.resolve()); } catch (error) { print(error.code); }
        try { alice.runSync(async () => {}); } catch (error) { print(error.code); }
        try { alice.runSync('no function'); } catch (error) { print(error.code); }
        print(alice.runSync(() => bob.runSync(() => alice.runSync(() => who()) + ' ' + who()) + ' ' + who()));
        print(who());
      });
      print(who());`);
    const wrong = ['ERR_INVALID_ARG_VALUE', 'ERR_INVALID_ARG_TYPE'];
    const nested = ['alice bob alice', 'alice'];
    expect(lines).toEqual(['alice,,1,2', 'mine', 'ERR_ASYNC_RESULT', ...wrong, ...nested, 'service']);
  });

  test.each([
    ['returns', ''],
    ['throws', "throw new Error('mine');"],
  ])('finds a scope that is open when it %s, before the outer callback continues', async (_how, end) => {
    const { code, stdout, stderr } = await runSource(`${open}
      alice.runSync(() => {
        try { alice.runSync(() => { bob.impersonate(); ${end} }); } catch { print('caught as ' + who()); }
        print('went on as ' + who());
      });`);
    expect({ code, stdout }).toEqual({ code: 70, stdout: '' });
    expect(stderr).toContain('ERR_SCOPE_LEAKED');
  });

  test('does not allow the scopes around it to be ended', async () => {
    const lines = await linesOf(`${open}
      const scope = alice.impersonate();
      alice.runSync(() => {
        alice.runSync(() => { try { scope.revert(); print('left'); } catch (error) { print(error.code + ' ' + who()); } });
      });
      scope.revert();
      alice.runSync(() => {
        const inner = alice.impersonate();
        alice.runSync(() => { try { inner.revert(); print('left'); } catch (error) { print(error.code + ' ' + who()); } });
        inner.revert();
      });`);
    expect(lines).toEqual(['ERR_SCOPE_ORDER alice', 'ERR_SCOPE_ORDER alice']);
  });

  test('is entered again inside withoutToken(), and after it', async () => {
    const lines = await linesOf(`${open}
      const { withoutToken } = require(${JSON.stringify(product)});
      alice.runSync(() => {
        withoutToken(() => { print(who()); alice.runSync(() => { print(who()); }); print(who()); });
        alice.runSync(() => { print(who()); });
      });`);
    expect(lines).toEqual(['service', 'alice', 'service', 'alice']);
  });
});

describeSwitching("the state of a thread's scopes", () => {
  test('a token that was closed in its scope is never confused with another token of the same id', async () => {
    const lines = await linesOf(`${open}
      const { native } = require(${binding});
      const number = alice.openId();
      const mine = bob.openId();
      alice.runSync(() => {
        alice.close();
        let other = 0;
        // The id repeats after some 33,000 tokens in each of the few slots.
        for (let i = 0; i < 20_000_000 && other !== number; i++) {
          if (other !== 0) native.closeToken(other);
          other = native.aliasToken(mine);
        }
        print(String(other === number));
        print(native.runSync(other, who) + ' ' + who() + ' ' + Token.current().user.id.endsWith(world.alice.id));
        const { internal } = require(${JSON.stringify(product.replace(/index\.js$/, 'core.js'))});
        print(new Token(internal, other).runSync(who));
      });`);
    expect(lines).toEqual(['true', 'bob alice true', 'bob']);
  });

  test('the id of a closed token does not find the token that takes its place', async () => {
    const lines = await linesOf(`${open}
      const { native } = require(${binding});
      const closed = native.aliasToken(alice.openId());
      native.closeToken(closed);
      let next;
      do next = native.aliasToken(bob.openId()); while ((next & 0xffff) !== (closed & 0xffff));
      try { print(native.runSync(closed, who)); } catch (error) { print(error.code); }
      print(native.runSync(next, who));`);
    expect(lines).toEqual(['ERR_TOKEN_CLOSED', 'bob']);
  });

  test('the report shows the stacks of the first sixteen scopes of a callback', async () => {
    const leak = async (before: number): Promise<string> => {
      const { code, stderr } = await runSource(`${open}
        function opener() { return alice.impersonate(); }
        setImmediate(() => { for (let i = 0; i < ${String(before)}; i++) alice.impersonate().revert(); opener(); });`);
      expect(code).toBe(70);
      return stderr;
    };
    expect(await leak(15)).toMatch(/Opened by [^]* at opener /);
    expect(await leak(16)).toMatch(/Opened by [^\n]*:\n\(after so many/);
    // The count starts again in each callback.
    const { stderr } = await runSource(`${open}
      function opener() { return alice.impersonate(); }
      for (let i = 0; i < 100; i++) alice.impersonate().revert();
      setImmediate(() => { opener(); });`);
    expect(stderr).toMatch(/Opened by [^]* at opener /);
  });

  test('the report names the await that leaked a scope, however many scopes there were', async () => {
    const { code, stderr } = await runSource(`${open}
      const leaky = async () => { const scope = alice.impersonate(); await null; scope.revert(); };
      for (let i = 0; i < 100; i++) alice.impersonate().revert();
      leaky();`);
    expect(code).toBe(70);
    expect(stderr).toMatch(/Left open here:[^]* at leaky /);
  });
});
