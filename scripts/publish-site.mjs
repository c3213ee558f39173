// node scripts/publish-site.mjs
// Adds the built site (npm run docs) to the branch `site` of the remote `origin`, which keeps the versions that were
// published before, and writes all of them to site/build/published for the server. For the workflow of a release.
import path from 'node:path';
import { siteFolder } from './site/build.mjs';
import { publish } from './site/publish.mjs';
import { root } from './support/root.mjs';
import { capture } from './support/run.mjs';

const { output } = await capture('git', ['rev-parse', '--absolute-git-dir']);
const versions = await publish(siteFolder, path.join(root, 'site', 'build', 'published'), output.trim());
console.log(`published ${versions.join(', ')}`);
