import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { registered } from '../support/children/sources';
import { product, root } from '../support/paths';
import { describeSwitching } from '../support/world/acting';

const load = `const { withoutToken } = require(${JSON.stringify(product)}); const say = (...words) => print(words.join(' ')); const load = require('node:module').createRequire(${JSON.stringify(join(root, 'package.json'))});`;

describeSwitching('what packages keep for all users', () => {
  const views = `${load}
    const express = load('express');
    const kept = new Map([[path.join(folder, 'alice.txt'), 'kept']]);
    // Keeps templates by their paths, as the engines of pug, ejs and handlebars do.
    const engine = (file, options, done) => {
      if (options.cache && kept.has(file)) return done(null, kept.get(file));
      return fs.readFile(file, 'utf8', (error, text) => {
        if (!error && options.cache) kept.set(file, text);
        done(error, text);
      });
    };
    const makeApp = () => express().enable('view cache').engine('txt', engine).set('views', folder);
    const texts = { alice: 'view of alice', bob: 'view of bob', all: 'view of all' };
    for (const [name, text] of Object.entries(texts)) {
      const file = path.join(folder, name + '.txt');
      fs.writeFileSync(file, text);
      if (name !== 'all') world.own(file, world[name]);
    }
    const render = (app, name, ...options) => new Promise((done) => {
      app.render(name + '.txt', ...options, (error, text) => done(error ? codeOf(error) : text));
    });`;

  test('templates that Express renders in a flow are read as the user, with the view cache on', async () => {
    const lines = await registered(
      'views',
      `${views}
      const app = makeApp();
      say(await render(app, 'all'), await render(app, 'all', {}), kept.size);
      for (const user of [alice, bob, alice]) await tokens[user.key].run(async () => {
        for (const name of ['alice', 'bob', 'all']) say(user.key, await render(app, name), await render(app, name, { cache: true }));
      });
      say(await tokens.bob.run(() => withoutToken(() => render(app, 'all'))), kept.size);
      tokens.bob.runSync(() => void app.render('bob.txt', () => {}));
      say(Object.keys(app.cache).join());`,
    );
    const asBob = ['bob denied denied', 'bob view of bob view of bob', 'bob view of all view of all'];
    const asAlice = [
      'alice view of alice view of alice',
      'alice denied denied',
      'alice view of all view of all',
    ];
    expect(lines).toEqual([
      'view of all view of all 2',
      ...asAlice,
      ...asBob,
      ...asAlice,
      'view of all 2',
      'all.txt',
    ]);
  });

  test('an application that was made before has no cache in flows either', async () => {
    const lines = await registered(
      'old-views',
      `${views}
      const View = load('express/lib/view.js');
      const view = tokens.alice.runSync(() => new View('alice.txt', { root: folder, engines: { '.txt': engine } }));
      const rendered = () => new Promise((done) => view.render({ cache: true }, (error, text) => done(error ? codeOf(error) : text)));
      say(await rendered(), await tokens.bob.run(rendered), await tokens.alice.run(rendered));`,
    );
    expect(lines).toEqual(['kept denied view of alice']);
  });

  const required = `load('rotating-file-stream')`;
  const esModule = join(root, 'node_modules', 'rotating-file-stream', 'dist', 'esm', 'index.js');
  const imported = `await import(${JSON.stringify(pathToFileURL(esModule).href)})`;
  const logsOf = (from: string): string => `${load}
    const { createStream } = ${from};
    let count = 0;
    const makeLog = (to) => createStream((time) => (time ? 'log.' + (count += 1) : 'log'), { path: to, size: '100B' });
    const line = 'x'.repeat(60) + '\\n';
    const written = (stream) => new Promise((done) => stream.write(line, done));
    const readable = (to) => fs.readdirSync(to).filter((name) => { try { fs.readFileSync(path.join(to, name)); return true; } catch { return false; } });`;

  // Node 20 has no hooks for what is imported when there are tokens.
  const ways = parseInt(process.versions.node, 10) > 20 ? [['import()', imported]] : [];
  test.each([['require()', required], ...ways])(
    'a log of the service opens its next files as the process, and calls back in the flow: %s',
    async (_name, from) => {
      const lines = await registered(
        'log',
        `${logsOf(from)}
      const own = path.join(folder, 'logs');
      fs.mkdirSync(own);
      world.own(own, 'service');
      const log = makeLog(own);
      await written(log);
      for (let round = 0; round < 3; round++) for (const user of [alice, bob]) await tokens[user.key].run(() => new Promise((done) => {
        log.write(line, () => { say(Token.current() === tokens[user.key]); done(); });
      }));
      tokens.alice.runSync(() => log.write(line));
      await new Promise((done) => log.end(done));
      say(fs.readdirSync(own).length > 2, readable(own).length === fs.readdirSync(own).length);
      say(await tokens.alice.run(() => outcome(() => fs.promises.readdir(own))));`,
      );
      expect(lines).toEqual([...Array<string>(6).fill('true'), 'true true', 'denied']);
    },
  );

  test("a log that was made in a flow stays the user's, whoever writes to it", async () => {
    const lines = await registered(
      'own-log',
      `${logsOf(required)}
      const errors = [];
      const log = tokens.alice.run(() => makeLog(within(alice)).on('error', (error) => errors.push(error)));
      for (const user of [alice, bob]) for (let round = 0; round < 3; round++) await tokens[user.key].run(() => written(log));
      const files = await tokens.alice.run(() => readable(within(alice)));
      say(errors.length, files.length > 2, files.includes('log'));
      world.own(within(alice), 'service');
      const closed = new Promise((done) => log.on('close', done));
      for (let round = 0; round < 3; round++) log.write(line);
      await closed;
      say(codeOf(errors[0]));`,
    );
    expect(lines).toEqual(['0 true true', 'denied']);
  });

  test('a log that opens its file in the constructor opens it as the user who makes it', async () => {
    const lines = await registered(
      'constructed-log',
      `${load}
      const folderOf = path.join(folder, 'node_modules', 'winston');
      const file = path.join(folderOf, 'lib', 'winston', 'transports', 'file.js');
      fs.mkdirSync(path.dirname(file), { recursive: true });
      fs.writeFileSync(path.join(folderOf, 'package.json'), '{ "name": "winston", "version": "3.0.0" }');
      fs.writeFileSync(file, \`module.exports = class File {
        constructor(name) { this.open(name); }
        open(name) { require('node:fs').appendFileSync(name, 'x'); }
      };\`);
      const File = require(file);
      for (const name of [secret, within(bob, 'file'), within(alice, 'file')]) say(await tokens.alice.run(() => outcome(() => new File(name) && 'opened')));
      say(await outcome(() => tokens.alice.runSync(() => new File(secret))));
      say(new File(secret) && 'opened');`,
    );
    expect(lines).toEqual(['denied', 'denied', 'opened', 'denied', 'opened']);
  });
});
