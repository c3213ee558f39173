import { registered } from '../support/children/sources';
import { product } from '../support/paths';
import { describeSwitching } from '../support/world/acting';

describeSwitching('callbacks under impersonate/register', () => {
  test("are asynchronous, in the context of the caller, and get Node's arguments", async () => {
    const lines = await registered(
      'callbacks',
      `const { AsyncLocalStorage } = require('node:async_hooks');
      const storage = new AsyncLocalStorage();
      await tokens.alice.run(async () => {
        let returned = false;
        await storage.run('context', () => new Promise((done) => {
          fs.stat(within(alice, 'file'), (...results) => {
            print([returned, storage.getStore(), Token.current().user.id === alice.id].join(' '));
            print([results.length, results[0], results[1].size, results[1] instanceof fs.Stats].join(' '));
            fs.access(within(alice, 'file'), (...nothing) => {
              print(JSON.stringify(nothing));
              fs.access(within(bob, 'file'), (error, ...rest) => {
                print([codeOf(error), rest.length, error.syscall].join(' '));
                fs.exists(within(alice, 'file'), (found) => {
                  fs.exists(within(bob, 'file'), (others) => {
                    print([found, others].join(' '));
                    done();
                  });
                });
              });
            });
          });
          returned = true;
        }));
      });`,
    );
    expect(lines).toEqual(['true context true', '2  8 true', '[null]', 'denied 0 access', 'true false']);
  });

  test('may throw, which is an uncaught exception', async () => {
    const lines = await registered(
      'uncaught',
      `process.on('uncaughtException', (error) => print('uncaught ' + error.message));
      process.on('unhandledRejection', () => print('unhandled'));
      tokens.alice.run(() => {
        fs.stat(within(alice, 'file'), () => { throw new Error('mine'); });
        fs.exists(within(alice, 'file'), () => { throw new Error('mine too'); });
      });`,
    );
    expect(lines.sort()).toEqual(['uncaught mine', 'uncaught mine too']);
  });

  test('are not called for wrong arguments, which throw at once like in Node', async () => {
    const calls = `const calls = [
        () => fs.readFile(secret), () => fs.stat(secret, {}), () => fs.rename('a'), () => fs.exists(secret),
        () => fs.readFile({}, () => {}), () => fs.open(secret, 'q', () => {}), () => fs.chmod(secret, 'x', () => {}),
        () => fs.fchmod(-1, 0o600, () => {}), () => fs.fchmod(0, 'x', () => {}), () => fs.fchown(0, {}, 0, () => {}),
        () => fs.futimes(0, 'x', 0, () => {}), () => fs.openSync(),
        () => fs.createReadStream(5), () => fs.createReadStream(secret, 5), () => fs.mkdtempSync(null),
      ];
      const all = () => calls.forEach((call) => {
        try {
          call();
          print('nothing');
        } catch (error) {
          print([error.name, error.code, error.message].join(' ').split('\\n')[0]);
        }
      });`;
    const lines = await registered('arguments', `${calls} all(); tokens.alice.run(all);`);
    expect(lines).toHaveLength(30);
    expect(lines.slice(15)).toEqual(lines.slice(0, 15));
  });
});

describeSwitching('deferred work of node:fs', () => {
  test('an open directory is read as the user who opened it', async () => {
    const lines = await registered(
      'folders',
      `const open = (who) => {
        const found = fs.opendirSync(within(who));
        try {
          return found.readSync().name;
        } finally {
          found.closeSync();
        }
      };
      await tokens.alice.run(async () => {
        print(await outcome(() => open(alice)));
        print(await outcome(() => open(bob)));
        for await (const entry of fs.opendirSync(within(alice))) print(entry.name);
        for await (const entry of await fs.promises.opendir(within(alice))) print(entry.name);
      });
      const opened = tokens.alice.run(() => fs.opendirSync(within(alice)));
      print(opened.readSync().name);
      opened.closeSync();`,
    );
    expect(lines).toEqual(['file', 'denied', 'file', 'file', 'file']);
  });

  test('a disposable directory is removed as the user who made it', async () => {
    const lines = await registered(
      'disposable',
      `if (!fs.mkdtempDisposableSync) {
        print('none');
      } else {
        const made = tokens.alice.run(() => fs.mkdtempDisposableSync(within(alice, 'tmp-')));
        print(String(await outcome(() => tokens.alice.run(() => fs.mkdtempDisposableSync(within(bob, 'tmp-'))))));
        // The folder belongs to bob: alice could not remove it.
        world.own(within(alice), bob);
        print(String(await outcome(() => made.remove())));
        print(String(tokens.bob.run(() => fs.existsSync(made.path))));
      }`,
    );
    if (lines[0] !== 'none') expect(lines).toEqual(['denied', 'denied', 'true']);
  });

  test('glob finds what the user may see, in all its forms', async () => {
    const lines = await registered(
      'glob',
      `if (!fs.globSync) {
        print('none');
      } else {
        process.removeAllListeners('warning');
        const pattern = '*/file';
        const sorted = (found) => found.map((file) => file.replaceAll(path.sep, '/')).sort().join();
        const forms = [
          () => fs.globSync(pattern, { cwd: folder }),
          () => new Promise((done, fail) => {
            fs.glob(pattern, { cwd: folder }, (error, found) => (error ? fail(error) : done(found)));
          }),
          async () => {
            const found = [];
            for await (const file of fs.promises.glob(pattern, { cwd: folder })) found.push(file);
            return found;
          },
        ];
        // Lets glob capture its functions of node:fs first.
        for (const form of forms) await form();
        // So that alice may list it on either system.
        fs.chmodSync(folder, 0o755);
        for (const form of forms) print(sorted(await tokens.alice.run(form)));
      }`,
    );
    if (lines[0] !== 'none') expect(lines).toEqual(Array(3).fill('alice/file'));
  });

  test('a watch is opened as the user, and throws if Node would open more as the process', async () => {
    const lines = await registered(
      'watch',
      `const watch = (file, ...rest) => fs.watch(file, ...rest).close();
      await tokens.alice.run(async () => {
        print(String(await outcome(() => watch(within(alice)))));
        print(String(await outcome(() => watch(within(bob)))));
        print(String(await outcome(() => watch(within(alice), { recursive: true }))));
      });
      print(String(await outcome(() => watch(folder, { recursive: true }))));`,
    );
    expect(lines).toEqual(['undefined', 'denied', 'ERR_NOT_ROUTED', 'undefined']);
  });

  test('an iterator of promises.watch() is opened as the user that called it, whoever takes the first step', async () => {
    const lines = await registered(
      'watch-promise',
      `const { withoutToken } = require(${JSON.stringify(product)});
      const watch = (who, ...rest) => ({ iterator: fs.promises.watch(within(who), ...rest) });
      const step = async ({ iterator }) => {
        const event = iterator.next();
        event.catch(() => {});
        const change = setInterval(() => {
          tokens.alice.runSync(() => fs.writeFileSync(within(alice, 'file'), 'changed'));
          withoutToken(() => fs.writeFileSync(path.join(folder, 'note'), 'changed'));
        }, 20);
        try {
          const { value } = await event;
          return value?.filename ?? 'ended';
        } finally {
          clearInterval(change);
          await iterator.return();
        }
      };
      const asAlice = (who, ...rest) => tokens.alice.run(() => watch(who, ...rest));
      const scoped = (who) => tokens.alice.runSync(() => watch(who));
      print(await step(asAlice(alice)));
      print(await step(scoped(alice)));
      for (const made of [asAlice(bob), scoped(bob), asAlice(alice, { recursive: true })]) {
        print(await outcome(() => step(made)));
        print(await step(made));
      }
      print(await tokens.bob.run(() => outcome(() => step(asAlice(bob)))));
      print(await tokens.alice.run(async () => {
        const change = setInterval(() => fs.writeFileSync(within(alice, 'file'), 'changed'), 20);
        for await (const { filename } of fs.promises.watch(within(alice))) {
          clearInterval(change);
          return filename;
        }
      }));
      print(await tokens.alice.run(() => outcome(() => step(watch(alice, 5)))));
      print(await step({ iterator: fs.promises.watch(folder) }));`,
    );
    const no = 'ERR_NOT_ROUTED';
    expect(lines).toEqual([
      ...['file', 'file', 'denied', 'ended', 'denied', 'ended', no, 'ended', 'denied', 'file'],
      ...['ERR_INVALID_ARG_TYPE', 'note'],
    ]);
  });
});
