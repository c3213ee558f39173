import { rm } from 'node:fs/promises';
import path from 'node:path';
import { arm64Node } from '../binaries/hosts.mjs';
import { findMeans } from '../linux-users/means.mjs';
import { withUsers } from '../linux-users/with-users.mjs';
import { installPrebuilt } from '../prebuilds.mjs';
import { npmPackage } from '../rig/npm-packages.mjs';
import { root } from '../support/root.mjs';
import { runJest } from './jest.mjs';
import { suiteEnvironment, suiteUsers } from './linux.mjs';
import { npmScript } from './npm-script.mjs';

// Emulated code is slow, and a program that it starts would not be emulated: these tests start none.
const chosen = ['contract/10-run-sync', 'contract/12-nesting'];
const timeoutSeconds = 900;
// Takes precedence over the addon of this machine on Linux arm64.
const build = 'build-linux-arm64';

async function runEmulated(write) {
  for (const script of ['build:ts', 'build:test']) npmScript(script);
  await installPrebuilt('linux-arm64', build);
  try {
    const [program, ...before] = await arm64Node();
    const name = 'resolver-binding-linux-arm64-gnu';
    const resolver = await npmPackage(name, `@unrs/${name}@1.12.2`);
    const env = {
      ...suiteEnvironment(),
      NAPI_RS_NATIVE_LIBRARY_PATH: path.join(resolver, 'resolver.linux-arm64-gnu.node'),
    };
    const start = (args) => withUsers(suiteUsers, program, [...before, ...args], { env, timeoutSeconds });
    return await runJest(start, { filters: chosen, write });
  } finally {
    await rm(path.join(root, build), { recursive: true, force: true });
  }
}

/** Returns the suite that runs a part of the Linux tests with Node 20 for arm64, in an emulator; none without users. */
export function emulatedSuites() {
  const { reason } = findMeans(suiteUsers);
  if (reason) console.log(`The tests in an emulator are skipped. ${reason}`);
  return reason ? [] : [{ name: 'linux-arm64, node 20, emulated', run: runEmulated }];
}
