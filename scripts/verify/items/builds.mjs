import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, promises } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import process from 'node:process';
import { root } from '../../support/root.mjs';
import { notShown } from '../check.mjs';
import { withTokens } from '../tokens.mjs';

const require = createRequire(import.meta.url);

const outputs = { 'node-gyp': 'build', 'cmake-js': 'build-win32-x64' };

/** Each addon is loaded by a process of its own, because a second copy in one process is rejected. */
function addons() {
  for (const [builder, folder] of Object.entries(outputs)) {
    const file = path.join(root, folder, 'Release', 'impersonate.node');
    const { status, stderr } = spawnSync(process.execPath, ['-p', `require(${JSON.stringify(file)})`], {
      encoding: 'utf8',
    });
    assert.equal(status, 0, `${builder}: ${stderr.split('\n').find((line) => /Error/.test(line))}`);
  }
  return `the addons of ${Object.keys(outputs).join(' and ')} load`;
}

/** The hook of delay loading finds Node-API also in a program that is not called node.exe. */
function otherHost({ folder }) {
  const host = path.join(folder, 'host.exe');
  copyFileSync(process.execPath, host);
  const source = `const { Token } = require(${JSON.stringify(require.resolve('impersonate'))});
    const token = Token.process().restrict({ removePrivileges: ['SeBackupPrivilege'] });
    console.log(token.runSync(() => 'acted'));
    token.close();`;
  const { status, stdout, stderr } = spawnSync(host, ['-e', source], { encoding: 'utf8', cwd: root });
  assert.equal(stdout.trim(), 'acted', `code ${status}: ${stderr.split('\n')[0]}`);
  return 'a host that is not called node.exe loads the addon';
}

const arm = () => (process.arch === 'arm64' ? addons() : notShown(`this is ${process.arch}`));

async function microseconds(times, work) {
  const start = performance.now();
  for (let n = 0; n < times; n++) await work();
  return `${(((performance.now() - start) * 1000) / times).toFixed(1)} µs`;
}

function scopeMicroseconds(times, token) {
  const start = performance.now();
  for (let n = 0; n < times; n++) token.runSync(() => {});
  return `${(((performance.now() - start) * 1000) / times).toFixed(1)} µs`;
}

function times(world) {
  const read = () => promises.readFile(world.paths.alice);
  const count = world.rehearsal ? 20 : 500;
  return withTokens(world, async (alice) => {
    scopeMicroseconds(count, alice); // until it is compiled
    const scope = scopeMicroseconds(10 * count, alice);
    const asProcess = await microseconds(count, read);
    const asUser = await alice.run(() => microseconds(count, read));
    return `a scope ${scope}; fs.promises.readFile ${asUser} as the user, ${asProcess} as the process`;
  });
}

export const builds = {
  name: 'builds',
  checks: [
    { what: 'Visual C++', wine: 'runs cross-compiled binaries', run: addons },
    { what: 'the delay-load hook', wine: 'runs cross-compiled binaries', run: otherHost },
    { what: 'Windows on Arm', run: arm },
  ],
};

export const timings = {
  name: 'timings',
  checks: [{ what: 'measured', wine: 'its times say nothing about Windows', run: times }],
};
