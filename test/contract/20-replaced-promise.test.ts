import { join } from 'node:path';
import { linesOf } from '../support/children/child';
import { httpProduct, root } from '../support/paths';
import { describeSwitching } from '../support/world/acting';

const load = `const load = require('node:module').createRequire(${JSON.stringify(join(root, 'package.json'))});`;

/** Tries all ways to begin a flow after `replace`; resolves to their outcomes. */
const waysAfter = (replace: string): Promise<string[]> =>
  linesOf(`${load}
    const { runAs } = require(${JSON.stringify(join(root, 'dist', 'index.js'))});
    const { actAs } = require(${JSON.stringify(httpProduct)});
    const http = require('node:http');
    const token = await world.alice.token();
    const own = async (work) => { try { return await work(); } catch (error) { return error.name + ' ' + error.code; } };
    const server = http.createServer();
    await new Promise((done) => server.listen(0, '127.0.0.1', done));
    ${replace}
    // zone.js prints rejections that get a handler later.
    console.error = () => {};
    const ran = () => { print('ran'); return 'ran'; };
    print(await own(async () => token.run(ran)));
    print(await own(async () => runAs(token, ran)));
    print(await own(async () => { token.bind(ran); return 'bound'; }));
    const onError = (error) => print('reported ' + error.code);
    server.on('request', actAs(() => token, { onError }).node((request, response) => { response.end(ran()); }));
    http.get({ port: server.address().port, host: '127.0.0.1', agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (part) => (body += part));
      response.on('end', () => { print(response.statusCode + ' ' + body); print(token.runSync(() => 'scope')); process.exit(); });
    });`);

const refused = [
  ...Array<string>(3).fill('ImpersonationError ERR_PROMISE_REPLACED'),
  ...['reported ERR_PROMISE_REPLACED', '500 ', 'scope'],
];

describeSwitching('a flow cannot begin', () => {
  test.each([
    ['zone.js has replaced the global Promise', `load('zone.js');`],
    ['zone.js for node has', `load('zone.js/node');`],
    ['a promise library has', `globalThis.Promise = load('bluebird');`],
    [
      'AsyncLocalStorage has been replaced',
      `Object.defineProperty(require('node:async_hooks'), 'AsyncLocalStorage', { value: class {} });`,
    ],
    [
      'a method of AsyncLocalStorage has',
      `require('node:async_hooks').AsyncLocalStorage.prototype.getStore = () => undefined;`,
    ],
  ])('if %s', async (_name, replace) => {
    expect(await waysAfter(replace)).toEqual(refused);
  });

  test.each([
    ['zone.js', `load('zone.js');`],
    [
      'an AsyncLocalStorage without a context',
      `Object.defineProperty(require('node:async_hooks'), 'AsyncLocalStorage', { value: class {
        run(store, fn, ...args) { this.store = store; try { return fn(...args); } finally { this.store = undefined; } }
        getStore() { return this.store; }
        enterWith(store) { this.store = store; }
      } });`,
    ],
  ])('if it was replaced before the package was loaded, by %s', async (_name, replace) => {
    const lines = await linesOf(
      `${load} ${replace}
      const fs = require('node:fs');
      const { Token } = require(${JSON.stringify(join(root, 'dist', 'index.js'))});
      const { world } = require(${JSON.stringify(require.resolve('../support/world/world'))});
      Promise.resolve(world.alice.token()).then((token) => {
        let outcome = 'none';
        try { outcome = token.run(() => 'ran'); } catch (error) { outcome = error.code; }
        fs.writeSync(1, outcome);
      });`,
      {},
      'bare',
    );
    expect(lines).toEqual(['ERR_PROMISE_REPLACED']);
  });

  test('a subclass of Promise in its place changes nothing', async () => {
    const lines = await linesOf(`
      globalThis.Promise = class Traced extends Promise {};
      const token = await world.alice.token();
      print(await token.run(async () => { await Promise.resolve(); return Token.current().user.id; }) === world.alice.id);`);
    expect(lines).toEqual(['true']);
  });
});
