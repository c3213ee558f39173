// node scripts/test-site.mjs [--screenshots FOLDER] [FILTER]...
// Builds the site of the documentation and opens each of its pages in Chromium, as wide as a desktop and as a phone, light
// and dark; follows the links, searches, and publishes two versions to a repository of its own. With filters only the pages
// whose names contain one are opened. --screenshots writes a picture of each. Not part of `npm test`.
import path from 'node:path';
import { parseArgs } from 'node:util';
import { runSuites } from './suites/run-suites.mjs';
import { ensureNodeModules } from './support/node-modules.mjs';

const { values, positionals: filters } = parseArgs({
  options: { screenshots: { type: 'string' } },
  allowPositionals: true,
});
ensureNodeModules();
const { siteSuites, withSite } = await import('./suites/site.mjs');
const screenshots = values.screenshots && path.resolve(values.screenshots);
await withSite((site) => runSuites(siteSuites(site, { filters, screenshots })));
