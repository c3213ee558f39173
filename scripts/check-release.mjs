// node scripts/check-release.mjs [TAG]
// Fails if the package is not ready to be published: package.json has no public home, or the version is not the one of
// the tag or has no section in the changelog.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { report } from './support/check.mjs';
import { root } from './support/root.mjs';

const read = (file) => readFileSync(path.join(root, file), 'utf8');
const described = JSON.parse(read('package.json'));
const { version } = described;
const [tag] = process.argv.slice(2);

// npm compares repository with the one that the workflow runs in.
const homes = ['repository', 'bugs', 'homepage'];
const address = (value) => (typeof value === 'string' ? value : (value?.url ?? ''));
const problems = homes
  .filter((name) => address(described[name]) === '')
  .map((name) => `package.json has no "${name}": set it to the public home of the project`);
if (tag !== undefined && tag !== `v${version}`)
  problems.push(`The tag is ${tag}, and the version in package.json is ${version}: use the tag v${version}`);
if (
  !read('CHANGELOG.md')
    .split('\n')
    .some((line) => line.split(' ').slice(0, 2).join(' ') === `## ${version}`)
)
  problems.push(`CHANGELOG.md has no section "## ${version}": rename "## Unreleased"`);

report('release', problems.join('\n'), version);
