import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { root } from '../support/root.mjs';

/** Returns whether a folder of the site is a version. */
export const isVersion = (name) => /^\d+\.\d+$/.test(name);
const newestFirst = (a, b) => b.localeCompare(a, 'en', { numeric: true });

/** Returns the newest version in the changelog: its folder in the site, and its text in the menu. */
export function currentVersion() {
  const changelog = readFileSync(path.join(root, 'CHANGELOG.md'), 'utf8');
  const [, version, date] = /^## \[(\d+\.\d+\.\d+)\] - (.+)$/m.exec(changelog);
  const [folder] = /^\d+\.\d+/.exec(version);
  return { folder, text: date === 'Unreleased' ? `${folder} (unreleased)` : folder };
}

/**
 * Writes what belongs to no version: `versions.json`, which the menu of each version reads, and the page that leads to the
 * newest. The versions are the folders that exist.
 */
export function writeVersions(site) {
  const versions = readdirSync(site).filter(isVersion).sort(newestFirst);
  const [newest] = versions;
  writeFileSync(path.join(site, 'versions.json'), `${JSON.stringify(versions)}\n`);
  writeFileSync(path.join(site, '.nojekyll'), '');
  writeFileSync(
    path.join(site, 'index.html'),
    `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta http-equiv="refresh" content="0; url=${newest}/">
<title>impersonate</title>
<link rel="icon" href="data:,">
<h1>impersonate</h1>
<p><a href="${newest}/">Documentation of version ${newest}</a></p>
</html>
`,
  );
  return versions;
}
