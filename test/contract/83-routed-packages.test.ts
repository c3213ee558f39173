import { join } from 'node:path';
import { linesOf } from '../support/children/child';
import { root } from '../support/paths';
import { registered, usersSource } from '../support/children/sources';
import { describeSwitching } from '../support/world/acting';

const load = `const load = require('node:module').createRequire(${JSON.stringify(join(root, 'package.json'))});`;
const both = `const asBoth = (work) => Promise.all([tokens.alice.run(work, alice, bob), tokens.bob.run(work, bob, alice)]);`;

/** Runs `work(own, other)` as alice and as bob at once; resolves to the lines of both, without their names. */
async function asBoth(name: string, setup: string, work: string): Promise<string[]> {
  const source = `${load} ${both} ${setup}
    await asBoth(async (own, other) => {
      const report = (...words) => print([own.key, ...words].join(' ').replaceAll(own.key, 'own').replaceAll(other.key, 'other'));
      ${work}
    });
    if (world.whoAmI() !== world.serviceId) print('not the service any more');`;
  const lines = await registered(name, source);
  const distinct = [...new Set(lines)];
  // Both print the same lines if names are replaced.
  expect([...lines].sort()).toEqual([...distinct, ...distinct].sort());
  return distinct.map((line) => line.replace(/^own /, ''));
}

describeSwitching('packages that know nothing of impersonation, as two users at once', () => {
  test('serve-static under node:http', async () => {
    const setup = `
      const http = require('node:http');
      const serve = load('serve-static')(folder, { index: false });
      const server = http.createServer((request, response) => {
        tokens[request.headers['x-user']].run(serve, request, response, (error) => {
          response.statusCode = error ? (codeOf(error) === 'denied' ? 403 : 500) : 404;
          response.end(codeOf(error ?? {}));
        });
      });
      await new Promise((done) => server.listen(0, '127.0.0.1', done));
      const get = (path, user) => new Promise((done, fail) => {
        const options = { port: server.address().port, host: '127.0.0.1', path, headers: { 'x-user': user }, agent: false };
        http.get(options, (response) => {
          let body = '';
          response.setEncoding('utf8').on('data', (part) => (body += part));
          response.on('end', () => done(response.statusCode + ' ' + body));
        }).on('error', fail);
      });
      let asking = 2;`;
    const lines = await asBoth(
      'serve-static',
      setup,
      `const replies = await Promise.all(Array.from({ length: 10 }, (_, round) =>
        get(round % 2 ? '/' + own.key + '/file' : '/' + other.key + '/file', own.key)));
      replies.forEach((reply, round) => report(round, reply));
      if (--asking === 0) server.close();`,
    );
    expect(lines).toEqual(
      Array.from({ length: 10 }, (_, round) => `${String(round)} ${round % 2 ? '200 of own' : '403 denied'}`),
    );
  });

  test('fs-extra', async () => {
    const lines = await asBoth(
      'fs-extra',
      `const extra = load('fs-extra');`,
      `await extra.outputJson(within(own, 'a', 'b', 'c.json'), { of: own.key });
      report('json', (await extra.readJson(within(own, 'a', 'b', 'c.json'))).of);
      await extra.copy(within(own, 'a'), within(own, 'copy'));
      await extra.move(within(own, 'copy', 'b'), within(own, 'moved'));
      report('moved', (await extra.readdir(within(own, 'moved'))).join());
      await extra.remove(within(own, 'copy'));
      report('exists', await extra.pathExists(within(own, 'copy')), await extra.pathExists(within(other, 'file')));
      report('read', await outcome(() => extra.readFile(within(other, 'file'), 'utf8')));
      report('output', await outcome(() => extra.outputFile(within(other, 'x', 'y'), 'x')));
      report('copy', await outcome(() => extra.copy(within(own, 'a'), within(other, 'a'))));
      report('copySync', await outcome(() => extra.copySync(within(other, 'file'), within(own, 'stolen'))));
      report('secret', await outcome(() => extra.readFileSync(secret)));
      report('remove', await outcome(() => extra.remove(within(other, 'file'))));`,
    );
    expect(lines).toEqual([
      'json own',
      'moved c.json',
      'exists false false',
      'read denied',
      'output denied',
      'copy denied',
      'copySync denied',
      'secret denied',
      'remove denied',
    ]);
  });

  test.each([
    ['', `const graceful = load('graceful-fs');`],
    [' in the place of node:fs', `const graceful = fs; load('graceful-fs').gracefulify(fs);`],
  ])('graceful-fs%s', async (_name, setup) => {
    const lines = await asBoth(
      'graceful-fs',
      `${setup} const { promisify } = require('node:util');
      const streamed = async (stream) => {
        let text = '';
        for await (const part of stream) text += part;
        return text;
      };`,
      `for (const [name, who] of [['own', own], ['other', other]]) {
        const file = within(who, 'file');
        report(name, 'readFile', await outcome(() => promisify(graceful.readFile)(file, 'utf8')));
        report(name, 'readFileSync', await outcome(() => graceful.readFileSync(file, 'utf8')));
        report(name, 'stream', await outcome(() => streamed(graceful.createReadStream(file))));
        report(name, 'ReadStream', await outcome(() => streamed(new graceful.ReadStream(file))));
        report(name, 'promises', await outcome(() => graceful.promises.readFile(file, 'utf8')));
        report(name, 'readdir', await outcome(() => promisify(graceful.readdir)(within(who)).then(String)));
        report(name, 'write', await outcome(() => new Promise((done, fail) => {
          graceful.createWriteStream(within(who, 'new')).on('error', fail).on('finish', () => done('done')).end('x');
        })));
        report(name, 'copyFile', await outcome(() => promisify(graceful.copyFile)(file, within(who, 'copy'))));
      }`,
    );
    const names = ['readFile', 'readFileSync', 'stream', 'ReadStream', 'promises'];
    expect(lines).toEqual([
      ...names.map((name) => `own ${name} of own`),
      ...['own readdir file', 'own write done', 'own copyFile '],
      ...[...names, 'readdir', 'write', 'copyFile'].map((name) => `other ${name} denied`),
    ]);
  });

  test('graceful-fs retries in the flow that found no descriptor, not in the one that closed another', async () => {
    const lines = await registered(
      'graceful-queue',
      `${load}
      // The process gets no more descriptors until one of bob's is closed.
      const { readFile } = fs;
      let exhausted = true;
      const noDescriptor = Object.assign(new Error('too many open files'), { code: 'EMFILE' });
      fs.readFile = function (...args) {
        if (!exhausted) return readFile.apply(this, args);
        process.nextTick(args.at(-1), noDescriptor);
      };
      const graceful = load('graceful-fs');
      const reading = tokens.alice.run(() => Promise.all([alice, bob].map((who) => new Promise((done) => {
        graceful.readFile(within(who, 'file'), 'utf8', (error, text) => {
          done([error ? codeOf(error) : text, Token.current().user.id === alice.id].join(' '));
        });
      }))));
      await new Promise((done) => setTimeout(done, 50));
      await tokens.bob.run(async () => {
        const fd = graceful.openSync(within(bob, 'file'));
        exhausted = false;
        graceful.closeSync(fd);
      });
      (await reading).forEach(print);`,
    );
    expect(lines).toEqual(['of alice true', 'denied true']);
  });

  test('glob', async () => {
    const lines = await asBoth(
      'glob',
      `fs.chmodSync(folder, 0o755);
      const { glob, globSync, globIterate } = load('glob');
      const sorted = (found) => found.map((file) => file.replaceAll(path.sep, '/')).sort().join();`,
      `const options = { cwd: folder };
      report('glob', sorted(await glob('*/file', options)));
      report('globSync', sorted(globSync('**/file', options)));
      const found = [];
      for await (const file of globIterate('{alice,bob}/*', options)) found.push(file);
      report('globIterate', sorted(found));`,
    );
    expect(lines).toEqual(['glob own/file', 'globSync own/file', 'globIterate own/file']);
  });

  test('busboy, which writes uploads under node:http', async () => {
    const setup = `
      const http = require('node:http');
      const busboy = load('busboy');
      const server = http.createServer((request, response) => {
        tokens[request.headers['x-user']].run(() => {
          const parts = [];
          const form = busboy({ headers: request.headers });
          form.on('file', (name, file, { filename }) => {
            const target = path.join(folder, name, filename);
            parts.push(outcome(() => new Promise((done, fail) => {
              const saved = fs.createWriteStream(target).on('error', fail).on('finish', () => done('saved'));
              file.pipe(saved);
              saved.on('error', () => file.resume());
            })));
          });
          form.on('close', async () => response.end((await Promise.all(parts)).join()));
          request.pipe(form);
        });
      });
      await new Promise((done) => server.listen(0, '127.0.0.1', done));
      const upload = async (user, names) => {
        const form = new FormData();
        for (const name of names) form.append(name, new Blob(['sent by ' + user]), 'upload');
        const url = 'http://127.0.0.1:' + server.address().port;
        const response = await fetch(url, { method: 'POST', body: form, headers: { 'x-user': user, connection: 'close' } });
        return response.text();
      };
      let sending = 2;`;
    const lines = await asBoth(
      'busboy',
      setup,
      `report('upload', await upload(own.key, [own.key, other.key]));
      report('saved', await outcome(() => fs.readFileSync(within(own, 'upload'), 'utf8')));
      if (--sending === 0) server.close();`,
    );
    expect(lines).toEqual(['upload saved,denied', 'saved sent by own']);
  });

  test('tar', async () => {
    const lines = await asBoth(
      'tar',
      `const tar = load('tar');`,
      `await fs.promises.mkdir(within(own, 'out'));
      await tar.create({ file: within(own, 'a.tgz'), gzip: true, cwd: within(own), portable: true }, ['file']);
      await tar.extract({ file: within(own, 'a.tgz'), cwd: within(own, 'out') });
      report('extracted', await fs.promises.readFile(within(own, 'out', 'file'), 'utf8'));
      const names = [];
      await tar.list({ file: within(own, 'a.tgz'), onReadEntry: (entry) => names.push(entry.path) });
      report('listed', names.join());
      report('create', await outcome(() => tar.create({ file: within(own, 'b.tar'), cwd: within(other) }, ['file'])));
      report('create there', await outcome(() => tar.create({ file: within(other, 'b.tar'), cwd: within(own) }, ['file'])));
      report('extract', await outcome(() => tar.extract({ file: within(own, 'a.tgz'), cwd: within(other), strict: true })));
      report('secret', await outcome(() => tar.create({ file: within(own, 'c.tar'), cwd: folder }, ['secret'])));`,
    );
    expect(lines).toEqual([
      'extracted of own',
      'listed file',
      'create denied',
      'create there denied',
      'extract denied',
      'secret denied',
    ]);
  });

  test('under impersonate/unrouted, they read as the process', async () => {
    const lines = await linesOf(
      `${usersSource('unregistered')} ${load}
      const extra = load('fs-extra');
      const graceful = load('graceful-fs');
      await tokens.alice.run(async () => {
        print(String(await outcome(() => extra.readFile(secret, 'utf8'))));
        print(String(await outcome(() => new Promise((done, fail) => {
          graceful.readFile(secret, 'utf8', (error, text) => (error ? fail(error) : done(text)));
        }))));
      });`,
      {},
      'unrouted',
    );
    expect(lines).toEqual(['of the service', 'of the service']);
  });
});
