// node scripts/test-prebuilds.mjs [TARGET]...
// Makes the binaries of the tarball, checks their headers and loads those that this machine can run, also in an emulator.
// The targets that are named, or one of each system, are compiled twice and must have the same bytes. Needs Debian; as root
// it also acts as a user, and runs a part of the Linux tests in the emulator.
import process from 'node:process';
import { targets } from './prebuilds/targets.mjs';
import { emulatedSuites } from './suites/emulated.mjs';
import { prebuildSuite } from './suites/prebuilds.mjs';
import { runSuites } from './suites/run-suites.mjs';

const chosen = process.argv.slice(2);
const unknown = chosen.filter((name) => !Object.hasOwn(targets, name));
if (unknown.length > 0)
  throw new Error(`No target ${unknown.join(', ')}. There are: ${Object.keys(targets).join(', ')}`);
await runSuites([prebuildSuite(chosen.length > 0 ? chosen : undefined), ...emulatedSuites()]);
