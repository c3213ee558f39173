import { cpSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { withScratch } from '../rig/scratch.mjs';
import { capture } from '../support/run.mjs';
import { isVersion, writeVersions } from './versions.mjs';

// The branch that keeps the built versions.
const branch = 'refs/heads/site';
const author = { NAME: 'impersonate', EMAIL: 'impersonate@localhost' };
const identity = Object.fromEntries(
  ['AUTHOR', 'COMMITTER'].flatMap((role) =>
    Object.entries(author).map(([field, value]) => [`GIT_${role}_${field}`, value]),
  ),
);

/**
 * Adds the versions in the folder `site` to those that the branch `site` of the remote `origin` has, and pushes them. A
 * version that both have is replaced. `folder` gets all of them. The branch and the files that are checked out stay as
 * they are. Resolves to the versions.
 */
export function publish(site, folder, gitFolder) {
  return withScratch(path.dirname(path.resolve(folder)), '.index-', async (scratch) => {
    const env = { ...process.env, ...identity, GIT_INDEX_FILE: path.join(scratch, 'index') };
    const git = async (...args) => {
      const { code, output } = await tryGit(...args);
      if (code !== 0) throw new Error(`git ${args[0]} ended with ${code}:\n${output.trim()}`);
      return output.trim();
    };
    const tryGit = (...args) =>
      capture('git', [`--git-dir=${gitFolder}`, `--work-tree=${folder}`, ...args], { cwd: folder, env });

    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    // An unreachable server must not look like a branch that does not exist.
    const listed = await git('ls-remote', 'origin', branch);
    if (listed !== '') {
      await git('fetch', '--quiet', '--depth=1', 'origin', branch);
      await git('read-tree', 'FETCH_HEAD');
      await git('checkout-index', '--all');
    }
    const parents = listed === '' ? [] : ['-p', await git('rev-parse', 'FETCH_HEAD')];
    for (const version of readdirSync(site).filter(isVersion)) {
      rmSync(path.join(folder, version), { recursive: true, force: true });
      cpSync(path.join(site, version), path.join(folder, version), { recursive: true });
    }
    const versions = writeVersions(folder);
    await git('add', '--all', '--force', '.');
    const commit = await git('commit-tree', await git('write-tree'), ...parents, '-m', versions[0]);
    await git('push', '--quiet', 'origin', `${commit}:${branch}`);
    return versions;
  });
}
