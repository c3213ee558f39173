import { existsSync } from 'node:fs';
import path from 'node:path';
import { sidebar } from '../../site/sidebar.mjs';
import { pages } from './links.mjs';
import { root } from './root.mjs';

const file = 'site/sidebar.mjs';
// The home, and pages that the site lists by itself.
const isListed = (page) => page === 'README.md' || page.startsWith('docs/api/');

/** Returns a line for each page that the sidebar of the site lacks, has twice, or has and that does not exist. */
export function checkSidebar() {
  const entries = sidebar.flatMap((group) => group.pages.map(([, page]) => page));
  const missing = pages().filter((page) => !isListed(page) && !entries.includes(page));
  const dead = entries.filter((page) => !existsSync(path.join(root, page)));
  const repeated = entries.filter((page, index) => entries.indexOf(page) !== index);
  return [
    ...missing.map((page) => `${file} lacks ${page}`),
    ...dead.map((page) => `${file} has ${page}, which does not exist`),
    ...repeated.map((page) => `${file} has ${page} twice`),
  ];
}
