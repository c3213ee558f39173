// node scripts/check-release.mjs [TAG]
// Fails if the package is not ready to be published: package.json has no public home, or the version is not the one of
// the tag or has no dated section in the changelog.
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
const heading = `## [${version}] - `;
const isDated = read('CHANGELOG.md')
  .split('\n')
  .some((line) => line.startsWith(heading) && /^\d{4}-\d{2}-\d{2}$/.test(line.slice(heading.length)));
if (!isDated)
  problems.push(`CHANGELOG.md has no section "${heading}YYYY-MM-DD": put the date in place of "Unreleased"`);

report('release', problems.join('\n'), version);
