import { registered } from '../support/children/sources';
import { describeSwitching } from '../support/world/acting';

// Linux asks who calls, and not how the descriptor was opened.
describeSwitching("impersonate/register on other people's descriptors", () => {
  const changes = {
    fchmodSync: `fs.fchmodSync(fd, 0o666)`,
    fchownSync: `fs.fchownSync(fd, 0, 0)`,
    futimesSync: `fs.futimesSync(fd, 1, 1)`,
    fchmod: `promisify(fs.fchmod)(fd, 0o666)`,
    fchown: `promisify(fs.fchown)(fd, 0, 0)`,
    futimes: `promisify(fs.futimes)(fd, 1, 1)`,
  };

  test.each(Object.entries(changes))('%s() acts as the user', async (_name, change) => {
    const lines = await registered(
      'changes',
      `const { promisify } = require('node:util');
      const opened = fs.openSync(secret);
      const own = fs.openSync(within(alice, 'file'));
      const before = JSON.stringify(fs.fstatSync(opened));
      const change = (fd) => outcome(() => ${change.replace(', 0, 0', ', process.getuid(), process.getgid()')});
      await tokens.alice.run(async () => say(String(await change(opened))));
      say(String(JSON.stringify(fs.fstatSync(opened)) === before));
      await tokens.bob.run(async () => say(String(await change(own))));
      say(String(await change(opened)));`,
    );
    expect(lines).toEqual(['denied', 'true', 'denied', 'undefined']);
  });

  test('what is made in a flow is owned by its user', async () => {
    const lines = await registered(
      'owners',
      `await tokens.alice.run(async () => {
        fs.mkdirSync(within(alice, 'a'));
        await fs.promises.writeFile(within(alice, 'b'), '');
        await new Promise((done) => fs.mkdtemp(within(alice, 'c-'), done));
        await new Promise((done) => fs.createWriteStream(within(alice, 'd')).end(done));
      });
      for (const name of fs.readdirSync(within(alice))) say(String(fs.statSync(within(alice, name)).uid === Number(alice.id)));`,
    );
    expect(lines).toEqual(Array(5).fill('true'));
  });
});
