// node scripts/site.mjs [--base PATH] [--serve]
// Builds the site of the documentation: site/build/site/<major.minor>, beside other versions that are there. PATH is the
// path of the site on its server, / if it is not given. --serve shows it on this machine.
import path from 'node:path';
import { parseArgs } from 'node:util';
import { buildSite, siteFolder } from './site/build.mjs';
import { serve } from './site/server.mjs';
import { root } from './support/root.mjs';

const { values } = parseArgs({
  options: { base: { type: 'string', default: '/' }, serve: { type: 'boolean', default: false } },
});
const versions = await buildSite({ base: values.base });
console.log(`${path.relative(root, siteFolder)} has the versions ${versions.join(', ')}`);
if (values.serve) {
  const { address } = await serve(siteFolder, 8000);
  console.log(`${address} shows it, until you press Ctrl+C`);
}
