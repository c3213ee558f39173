import { join } from 'node:path';
import { linesOf, runProgram } from '../support/children/child';
import { tempFolder } from '../support/folders';
import { root } from '../support/paths';
import { describeSwitching } from '../support/world/acting';

const denied = expect.stringMatching(/^(EACCES|EPERM)$/) as string;

/** A program with both users' tokens, `files`, and a folder of each user with a tree: `of(who)`. */
function program(body: string): string {
  return `const path = require('node:path');
    const files = require(${JSON.stringify(join(root, 'dist', 'fs.js'))});
    const folder = ${JSON.stringify(tempFolder('fs'))};
    const of = (who, ...names) => path.join(folder, who === 'service' ? who : who.key, ...names);
    for (const who of [world.alice, world.bob, 'service']) {
      fs.mkdirSync(of(who, 'tree', 'below'), { recursive: true });
      for (const name of ['file', 'tree/one', 'tree/below/two']) {
        fs.writeFileSync(of(who, name), 'of ' + (who.key ?? who));
        world.own(of(who, name), who);
      }
      for (const name of ['tree/below', 'tree', '']) world.own(of(who, name), who);
    }
    const codeOf = (work) => work().then((result) => result ?? 'done', (error) => error.code);
    const tokens = { alice: await world.alice.token(), bob: await world.bob.token() };
    ${body}
    tokens.alice.close();
    tokens.bob.close();`;
}

/** Every operation, on another user's files and on one's own. */
const operations = `const text = async (stream) => { let all = ''; for await (const part of stream) all += part; return all; };
  const written = (file) => new Promise((resolve, reject) => {
    files.createWriteStream(file).on('error', reject).end('x', (error) => { if (!error) resolve('done'); });
  });
  const operations = {
    access: (at) => files.access(at('file')),
    appendFile: (at) => files.appendFile(at('file'), ' x'),
    copyFile: (at) => files.copyFile(at('file'), at('copy')),
    cp: (at) => files.cp(at('tree'), at('copied'), { recursive: true }),
    mkdir: (at) => files.mkdir(at('new', 'below'), { recursive: true }).then(() => undefined),
    mkdtemp: (at) => files.mkdtemp(at('temp-')).then(() => undefined),
    open: (at) => files.open(at('file')).then((handle) => handle.close()),
    opendir: (at) => files.opendir(at('tree'), { recursive: true }).then(async (dir) => {
      const names = [];
      for await (const { name } of dir) names.push(name);
      return names.sort().join('+');
    }),
    readFile: (at) => files.readFile(at('file'), 'utf8').then((text) => text.slice(0, 5)),
    readdir: (at) => files.readdir(at('tree'), { recursive: true }).then((names) => String(names.length)),
    createReadStream: (at) => text(files.createReadStream(at('file'), 'utf8')).then((all) => all.slice(0, 5)),
    createWriteStream: (at) => written(at('streamed')),
    rename: (at) => files.rename(at('copied', 'one'), at('copied', 'renamed')),
    truncate: (at) => files.truncate(at('copy'), 1),
    utimes: (at) => files.utimes(at('file'), 1, 2),
    writeFile: (at) => files.writeFile(at('written'), 'x'),
    unlink: (at) => files.unlink(at('copy')),
    rmdir: (at) => files.rmdir(at('new', 'below')),
    rm: (at) => files.rm(at('tree'), { recursive: true }),
  };`;

describeSwitching('impersonate/fs', () => {
  test('does what its user may do to a file', async () => {
    const lines = await linesOf(
      program(`${operations}
        await tokens.alice.run(async () => {
          const at = (...names) => of(world.alice, ...names);
          for (const [name, work] of Object.entries(operations)) print(name + ' ' + await codeOf(() => work(at)));
        });`),
    );
    const special = new Map([
      ['opendir', 'below+one+two'],
      ['readFile', 'of al'],
      ['readdir', '3'],
      ['createReadStream', 'of al'],
    ]);
    expect(lines).toHaveLength(19);
    expect(lines).toEqual(
      lines.map((line) => line.split(' ')[0] ?? '').map((name) => `${name} ${special.get(name) ?? 'done'}`),
    );
  });

  test('changes no file of another user or of the service', async () => {
    const lines = await linesOf(
      program(`${operations}
        for (const owner of [world.bob, 'service']) {
          await tokens.alice.run(async () => {
            const at = (...names) => of(owner, ...names);
            for (const [name, work] of Object.entries(operations)) print(await codeOf(() => work(at)));
          });
        }`),
    );
    expect(lines).toEqual(Array.from({ length: 38 }, () => denied));
  });

  test('throws outside flows and scopes', async () => {
    const lines = await linesOf(
      program(`${operations}
        const at = (...names) => of('service', ...names);
        for (const [name, work] of Object.entries(operations)) {
          const code = await new Promise((resolve) => resolve(work(at))).catch((error) => error.code);
          print(code + ' ' + fs.existsSync(at('file')));
        }`),
    );
    expect(lines).toEqual(Array.from({ length: 19 }, () => 'ERR_NO_TOKEN true'));
  });

  test('acts as the user of the scope at the time of the call', async () => {
    const lines = await linesOf(
      program(`let reading;
        { const scope = tokens.alice.impersonate(); reading = files.readFile(of(world.alice, 'file'), 'utf8'); scope.revert(); }
        print(await reading);
        tokens.bob.runSync(() => { reading = files.readFile(of(world.alice, 'file'), 'utf8'); });
        print(await codeOf(() => reading));`),
    );
    expect(lines).toEqual(['of alice', denied]);
  });

  test('finishes started operations when the token is closed', async () => {
    const lines = await linesOf(
      program(`const copying = tokens.alice.run(() => files.cp(of(world.alice, 'tree'), of(world.alice, 'copied'), { recursive: true }));
        tokens.alice.close();
        await copying;
        tokens.bob.run(() => {});
        const again = await world.alice.token();
        print(await again.run(() => files.readFile(of(world.alice, 'copied', 'below', 'two'), 'utf8')));
        again.close();`),
    );
    expect(lines).toEqual(['of alice']);
  });

  test("a recursive removal or copy stops at another user's files", async () => {
    const lines = await linesOf(
      program(`const inner = of(world.alice, 'tree', 'below');
        world.own(path.join(inner, 'two'), world.bob);
        world.own(inner, world.bob);
        await tokens.alice.run(async () => {
          print(await codeOf(() => files.cp(of(world.alice, 'tree'), of(world.alice, 'copied'), { recursive: true })));
          print(await codeOf(() => files.rm(of(world.alice, 'tree'), { recursive: true })));
          print(await codeOf(() => files.readdir(of(world.alice, 'tree'), { recursive: true })));
        });
        print(await tokens.bob.run(() => codeOf(() => files.readFile(path.join(inner, 'two'), 'utf8'))).catch(String));`),
    );
    expect(lines.slice(0, 3)).toEqual([denied, denied, denied]);
  });

  test('aborts like Node', async () => {
    const lines = await linesOf(
      program(`await tokens.alice.run(async () => {
          const controller = new AbortController();
          const reading = files.readFile(of(world.alice, 'file'), { signal: controller.signal });
          controller.abort(new Error('enough'));
          const error = await reading.catch((reason) => reason);
          print([error.name, error.code, error.cause.message].join());
        });`),
    );
    expect(lines).toEqual(['AbortError,ABORT_ERR,enough']);
  });
});

interface Report {
  readonly compared: number;
  readonly differences: readonly string[];
}

test('impersonate/fs gives the same results as Node, call by call', async () => {
  const program = join(__dirname, 'programs', 'fs-parity.js');
  const { code, stdout, stderr } = await runProgram(program, {
    execArgv: ['--no-warnings'],
  });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const { compared, differences } = JSON.parse(stdout) as Report;
  expect(differences).toEqual([]);
  expect(compared).toBeGreaterThan(1500);
});
