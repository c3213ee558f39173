import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { cached } from '../rig/cache.mjs';
import { unpackDebianSource } from '../rig/debian.mjs';

const releases = ['trixie', 'forky', 'sid'];

const files = ['*/test/parallel/test-fs-*', '*/test/parallel/test-child-process-*'];
const wanted = [...files, '*/test/common', '*/test/fixtures'];
const unused = ['*/test/fixtures/wpt', '*/test/fixtures/test426'].map((pattern) => `--exclude=${pattern}`);
const patterns = ['--no-wildcards-match-slash', ...wanted, ...unused];

/** The major versions of Node.js whose tests are run. */
export const testedMajors = [20, 22];

/** Returns the folder of Node's own tests of a major version (see isTest), from Debian's source package. */
export const nodeTests = (major) =>
  cached(`node-tests-fs-child-process-${major}`, async (folder) => {
    const version = await unpackDebianSource(releases, 'nodejs', `${major}.`, folder, patterns);
    await writeFile(path.join(folder, 'version'), version);
  });
