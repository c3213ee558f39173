import { linesOf } from '../support/children/child';
import { describeSwitching } from '../support/world/acting';

// Work that starts in a scope that ends properly is allowed, and continues as the service.
describeSwitching('asynchronous work that is started in a scope', () => {
  const open =
    'const alice = await world.alice.token(); const who = () => (world.whoAmI() === world.serviceId ? "service" : "user");';
  const inScope = (body: string): string => `${open}
    {
      const scope = alice.impersonate();
      try { print('in scope ' + who()); ${body} } finally { scope[Symbol.dispose](); }
    }
    await new Promise((resolve) => { setTimeout(resolve, 50); });`;

  test.each([
    ['then', "Promise.resolve().then(() => { print('later ' + who()); });"],
    ['nextTick', "process.nextTick(() => { print('later ' + who()); });"],
    ['a timer', "setTimeout(() => { print('later ' + who()); }, 1);"],
    ['a callback of pool work', "fs.stat('/', () => { print('later ' + who()); });"],
    ['new Promise', "new Promise((resolve) => { resolve(); }).then(() => { print('later ' + who()); });"],
    ['Promise.all', "Promise.all([1, Promise.resolve(2)]).then(() => { print('later ' + who()); });"],
  ])('%s', async (_name, body) => {
    expect(await linesOf(inScope(body))).toEqual(['in scope user', 'later service']);
  });

  test('the same inside runSync, and an async function that is not awaited', async () => {
    const lines = await linesOf(`${open}
      alice.runSync(() => {
        Promise.resolve().then(() => { print('then ' + who()); });
        (async () => { print('first part ' + who()); await null; print('second part ' + who()); })();
      });
      await new Promise((resolve) => { setTimeout(resolve, 50); });`);
    expect(lines[0]).toBe('first part user');
    expect(lines.slice(1).sort()).toEqual(['second part service', 'then service']);
  });

  test('an await after the scope', async () => {
    expect(
      await linesOf(`${open}
        for (let i = 0; i < 1000; i++) {
          const scope = alice.impersonate();
          scope.revert();
          await null;
        }
        print('done ' + who());`),
    ).toEqual(['done service']);
  });

  test("the package's own look-up of an account that is not cached", async () => {
    const lines = await linesOf(`${open}
      const account = { kind: 'user', id: world.serviceId };
      let pending;
      {
        const scope = alice.impersonate();
        try { pending = lookupAccount(account); print('in scope ' + who()); } finally { scope[Symbol.dispose](); }
      }
      const found = await pending;
      const again = await lookupAccount(account);
      print(typeof found.name + ' ' + (found.name === again.name) + ' ' + who());`);
    expect(lines).toEqual(['in scope user', 'string true service']);
  });

  test('requesting another token', async () => {
    const lines = await linesOf(`${open}
      let pending;
      {
        const scope = alice.impersonate();
        try { pending = world.bob.token(); print('in scope ' + who()); } finally { scope[Symbol.dispose](); }
      }
      const bob = await pending;
      print(String(bob.user.id === world.bob.id) + ' ' + who());`);
    expect(lines).toEqual(['in scope user', 'true service']);
  });
});
