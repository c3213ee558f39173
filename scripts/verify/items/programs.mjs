import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { codeOf, notShown } from '../check.mjs';
import { logon, withToken, withTokens } from '../tokens.mjs';
import { connectRights } from './threads.mjs';

const system = path.join(process.env.SystemRoot ?? '', 'system32');
const whoami = path.join(system, 'whoami.exe');
/** STATUS_DLL_INIT_FAILED: the program may not use its desktop. */
const noDesktop = 0xc0000142;
const assign = 'SeAssignPrimaryTokenPrivilege';
const localSystem = 'S-1-5-18';

function holds({ product: { Token } }, privilege) {
  const self = Token.process();
  try {
    return self.privileges.some(({ name }) => name === privilege);
  } finally {
    self.close();
  }
}

/** A copy of this node that the users may execute, and a program for it. */
function programOf({ folder }, source) {
  const node = path.join(folder, 'node.exe');
  if (!fs.existsSync(node)) fs.copyFileSync(process.execPath, node);
  const script = path.join(folder, `${randomBytes(6).toString('hex')}.cjs`);
  fs.writeFileSync(script, source);
  return [node, [script]];
}

/** Options of a program whose folder every user may enter. */
const plain = { cwd: system, encoding: 'utf8' };

/** Runs a program as the token's user and returns what it has printed. */
function outputOf(token, [file, args], options = {}) {
  const result = token.spawnSync(file, args, { ...plain, ...options });
  if (result.error) throw result.error;
  assert.deepEqual([result.status, result.stderr], [0, '']);
  return result.stdout.trim();
}

const sidIn = (text) => /S-1-[-\d]+/.exec(text)?.[0];
const printUser = [whoami, ['/user']];

async function users(world) {
  await withTokens(
    world,
    (alice, bob) => {
      for (const [token, { sid }] of [
        [alice, world.alice],
        [bob, world.bob],
        [alice, world.alice],
      ]) {
        assert.equal(sidIn(outputOf(token, printUser)), sid);
        token.runSync(() => assert.equal(sidIn(outputOf(token, printUser)), sid));
      }
    },
    'interactive',
  );
  await withToken(logon(world, world.alice), (token) =>
    assert.equal(sidIn(outputOf(token, printUser)), world.alice.sid),
  );
  return 'by whoami, of interactive and network logons';
}

const asUser = (world) =>
  world.rehearsal || holds(world, assign)
    ? users(world)
    : notShown(`the process lacks ${assign}: run it as LocalSystem`);

/** Windows calls this process unprivileged, and the service Secondary Logon creates the processes. */
const byService = (world) =>
  holds(world, assign) ? notShown(`the process holds ${assign}: run it as an administrator`) : users(world);

async function access(world) {
  const { paths } = world;
  const source = `const fs = require('node:fs');
    const outcome = (file) => { try { return fs.readFileSync(file, 'utf8'); } catch (error) { return error.code; } };
    console.log(JSON.stringify(${JSON.stringify([paths.alice, paths.bob, paths.service])}.map(outcome)));`;
  await withToken(logon(world, world.alice, 'interactive'), (alice) => {
    const [own, ...others] = JSON.parse(outputOf(alice, programOf(world, source)));
    assert.equal(own, 'of alice');
    for (const code of others) assert.match(code, /^(?:EACCES|EPERM)$/);
  });
  return 'own file read, others denied';
}

/** The code with which a program fails to start. */
async function startCode(token, file, options) {
  const { error, status } = token.spawnSync(file, [], { ...plain, ...options });
  return error?.code ?? status;
}

async function denied(world) {
  const folder = path.dirname(world.paths.alice);
  const own = path.join(folder, 'program.exe');
  fs.copyFileSync(whoami, own);
  await withTokens(
    world,
    async (alice, bob) => {
      assert.equal(await startCode(alice, own, {}), 0);
      assert.equal(await startCode(alice, whoami, { cwd: folder }), 0);
      assert.equal(await startCode(bob, own, {}), 'EACCES');
      assert.equal(await startCode(bob, whoami, { cwd: folder }), 'EACCES');
    },
    'interactive',
  );
  return 'EACCES for a program and a folder of the other user';
}

function isRunning(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function tree(world) {
  const source = `const endless = ['-e', 'setInterval(() => {}, 1000)'];
    const child = require('node:child_process').spawn(process.execPath, endless, { stdio: 'ignore', detached: true });
    console.log(child.pid); setInterval(() => {}, 1000);`;
  await withToken(logon(world, world.alice, 'interactive'), async (alice) => {
    const child = alice.spawn(...programOf(world, source), { cwd: system, tree: true });
    const [text] = await once(child.stdout, 'data');
    const pid = Number(text);
    assert.ok(isRunning(pid), 'the inner program does not run');
    const closed = once(child, 'close');
    assert.ok(child.kill());
    assert.deepEqual(await closed, [null, 'SIGTERM']);
    while (isRunning(pid)) await delay(20);
  });
  return 'what it has started ends with it';
}

/** What a handle of this process that programs may inherit keeps open. */
async function handles(world) {
  const { seam } = world;
  const address = `\\\\.\\pipe\\imp-verify-${randomBytes(6).toString('hex')}`;
  const server = net.createServer().listen(address);
  await once(server, 'listening');
  const connected = once(server, 'connection');
  const handle = seam.openPipe(address, connectRights, 'anonymous');
  const [socket] = await connected;
  const closed = once(socket.on('error', () => {}).resume(), 'close');
  try {
    seam.makeInheritable(handle);
    await withToken(logon(world, world.alice, 'interactive'), async (alice) => {
      const source = `console.log('ready'); setInterval(() => {}, 1000);`;
      const child = alice.spawn(...programOf(world, source), { cwd: system });
      await once(child.stdout, 'data');
      seam.closeHandle(handle);
      await closed;
      assert.equal(child.exitCode, null);
      const ended = once(child, 'close');
      child.kill();
      await ended;
    });
  } finally {
    server.close();
  }
  return 'an inheritable handle of the process is not inherited';
}

async function environment(world) {
  process.env.IMPERSONATE_VERIFY = 'of the process';
  try {
    return await withToken(logon(world, world.alice, 'interactive'), (alice) => {
      const source = 'console.log(JSON.stringify(process.env))';
      const seen = JSON.parse(outputOf(alice, programOf(world, source)));
      assert.equal(seen.IMPERSONATE_VERIFY, undefined);
      assert.equal(String(seen.USERNAME).toLowerCase(), world.alice.name);
      return 'the name of the user, nothing of the process';
    });
  } finally {
    delete process.env.IMPERSONATE_VERIFY;
  }
}

async function profile(world) {
  await withToken(logon(world, world.alice, 'interactive'), async (alice) => {
    const reg = (...args) => [path.join(system, 'reg.exe'), args];
    outputOf(alice, reg('add', 'HKCU\\Software\\imp-verify', '/f'), { profile: true });
    const loaded = await alice.loadProfile();
    try {
      outputOf(alice, reg('query', 'HKCU\\Software\\imp-verify'));
      assert.ok(fs.existsSync(alice.home), 'no profile folder');
    } finally {
      await loaded.unload();
    }
  });
  return 'HKEY_CURRENT_USER of the user, with the option and with loadProfile()';
}

async function knownFolders(world) {
  await withToken(logon(world, world.alice, 'interactive'), async (alice) => {
    const loaded = await alice.loadProfile();
    try {
      assert.notEqual(alice.home.toLowerCase(), process.env.USERPROFILE?.toLowerCase());
      for (const name of ['Documents', 'LocalAppData', 'RoamingAppData']) {
        const folder = await alice.knownFolder(name);
        assert.ok(folder.toLowerCase().startsWith(`${alice.home}\\`.toLowerCase()), `${name}: ${folder}`);
      }
    } finally {
      await loaded.unload();
    }
  });
  return 'below the home folder of the user';
}

async function desktop(world) {
  const program = programOf(world, `console.log('drawn')`);
  return withToken(logon(world, world.alice, 'interactive'), (alice) => {
    assert.equal(outputOf(alice, program), 'drawn');
    const options = { ...plain, desktop: `winsta0\\imp-verify-${randomBytes(4).toString('hex')}` };
    const { status, error } = alice.spawnSync(...program, options);
    if (error) {
      assert.match(error.message, /options\.desktop/);
      return `${error.code}, which names options.desktop`;
    }
    assert.equal(status, noDesktop);
    return 'the default works; one that there is not: exit code 0xC0000142';
  });
}

function withPassword({ product, alice }, changes, options) {
  const { name, password } = alice;
  return product.spawnWithLogon({ user: name, domain: '.', password, ...changes }, ...printUser, {
    cwd: system,
    ...options,
  });
}

async function printed(child) {
  let text = '';
  const closed = once(child, 'close');
  for await (const part of child.stdout.setEncoding('utf8')) text += part;
  assert.deepEqual(await closed, [0, null]);
  return text;
}

async function passwords(world) {
  if (world.service === localSystem)
    return notShown('Windows rejects LocalSystem: run it as an administrator');
  const child = withPassword(world);
  assert.ok(world.seam.isInJob(child.pid), 'not in the job');
  assert.equal(sidIn(await printed(child)), world.alice.sid);
  const network = withPassword(world, { password: Buffer.from('unchecked'), netOnly: true });
  assert.equal(sidIn(await printed(network)), world.service);
  const wrong = () => withPassword(world, { password: Buffer.from('a wrong password') });
  assert.equal(await codeOf(wrong), 'ERROR_LOGON_FAILURE');
  const endless = world.product.spawnWithLogon(
    { user: world.alice.name, domain: '.', password: world.alice.password },
    ...programOf(world, `console.log('ready'); setInterval(() => {}, 1000);`),
    { cwd: system, tree: true },
  );
  await once(endless.stdout, 'data');
  const closed = once(endless, 'close');
  assert.ok(endless.kill());
  assert.deepEqual(await closed, [null, 'SIGTERM']);
  return 'the user, the job, kill; netOnly; ERROR_LOGON_FAILURE';
}

async function profileWithPassword(world) {
  if (world.service === localSystem)
    return notShown('Windows rejects LocalSystem: run it as an administrator');
  const source = 'console.log(JSON.stringify(process.env))';
  const seen = JSON.parse(
    await printed(
      world.product.spawnWithLogon(
        { user: world.alice.name, domain: '.', password: world.alice.password },
        ...programOf(world, source),
        { cwd: system, profile: true },
      ),
    ),
  );
  assert.equal(String(seen.USERNAME).toLowerCase(), world.alice.name);
  assert.ok(fs.existsSync(String(seen.USERPROFILE)), 'no profile folder');
  return 'the environment and the profile of the user';
}

const noLists = 'does not keep the access lists of files';
const oneUser = 'has one user, and one profile';

export const programs = {
  name: 'programs',
  checks: [
    { what: 'the user, by CreateProcessAsUserW', run: asUser },
    { what: 'the user, by CreateProcessWithTokenW', wine: 'does not check the privilege', run: byService },
    { what: 'the access of a program', wine: noLists, run: access },
    { what: 'programs and folders of others', wine: noLists, run: denied },
    { what: 'ending the tree', run: tree },
    { what: 'inherited handles', run: handles },
    { what: 'the environment', wine: oneUser, run: environment },
    { what: 'the profile', wine: oneUser, run: profile },
    { what: 'known folders', wine: oneUser, run: knownFolders },
    { what: 'the desktop', wine: 'lets every program use every desktop', run: desktop },
    { what: 'spawnWithLogon', run: passwords },
    { what: 'spawnWithLogon and the profile', wine: oneUser, run: profileWithPassword },
  ],
};
