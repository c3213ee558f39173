import { rmSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { ensureNodeModules } from '../support/node-modules.mjs';
import { root } from '../support/root.mjs';
import { capture } from '../support/run.mjs';
import { writePages } from './pages.mjs';
import { currentVersion, writeVersions } from './versions.mjs';

const project = path.join(root, 'site');

/** The folder of the built site, with a folder for each version. */
export const siteFolder = path.join(project, 'build', 'site');

/**
 * Builds the site of this version with VitePress, whose packages are locked in site/. `base` is the path of the site on
 * its server. A dead link ends it. Resolves to the versions in `site`, the newest first.
 */
export async function buildSite({ base = '/', site = siteFolder } = {}) {
  ensureNodeModules(project);
  writePages(path.join(project, 'build', 'pages'));
  const { folder } = currentVersion();
  const output = path.join(site, folder);
  rmSync(output, { recursive: true, force: true });
  const vitepress = path.join(project, 'node_modules', 'vitepress', 'bin', 'vitepress.js');
  const args = [vitepress, 'build', project, '--base', `${base}${folder}/`, '--outDir', output];
  const built = await capture(process.execPath, args);
  if (built.code !== 0) throw new Error(`vitepress build ended with ${built.code}:\n${built.output.trim()}`);
  return writeVersions(site);
}
