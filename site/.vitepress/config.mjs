import { readFileSync } from 'node:fs';
import path from 'node:path';
import { currentVersion } from '../../scripts/site/versions.mjs';
import { listFiles } from '../../scripts/support/files.mjs';
import { anchorOf } from '../../scripts/support/links.mjs';
import { root } from '../../scripts/support/root.mjs';
import { sidebar } from '../sidebar.mjs';

const address = (page) => `/${page.replace(/(^|\/)README\.md$/, '$1').replace(/\.md$/, '.html')}`;
const titleOf = (page) =>
  /^# (.+)$/m.exec(readFileSync(path.join(root, page), 'utf8'))[1].replaceAll('`', '');

const groups = sidebar.map(({ text, pages }) => ({
  text,
  items: pages.map(([name, page]) => ({ text: name, link: address(page) })),
}));

// The index, then the modules, then the classes, whose names begin with a capital.
const rank = (page) => ['README', ''].findIndex((start) => path.basename(page).startsWith(start));
const isClass = (page) => /^[A-Z]/.test(path.basename(page));
const api = listFiles('docs/api', /\.md$/).sort(
  (a, b) => rank(a) - rank(b) || isClass(a) - isClass(b) || a.localeCompare(b),
);
const apiGroup = {
  text: 'API reference',
  items: api.map((page) => ({ text: titleOf(page), link: address(page) })),
};

const longText = 50;

export default {
  title: 'impersonate',
  description: 'Runs work in a Node.js process as a user of Windows or Linux',
  lang: 'en',
  srcDir: 'build/pages',
  cacheDir: 'build/cache',
  head: [['link', { rel: 'icon', href: 'data:,' }]],
  markdown: {
    // Links in the pages are those of other viewers of Markdown.
    anchor: { slugify: anchorOf },
    // A cell of prose must not become a column of single words on a narrow screen.
    config: (markdown) =>
      markdown.core.ruler.push('prose', ({ tokens }) =>
        tokens.forEach((token, index) => {
          if (token.type === 'td_open' && tokens[index + 1].content.length > longText)
            token.attrSet('class', 'prose');
        }),
      ),
    languageAlias: { service: 'ini' },
  },
  themeConfig: {
    version: currentVersion(),
    nav: [{ text: 'Changes', link: '/CHANGELOG.html' }],
    sidebar: api.length > 0 ? [...groups, apiGroup] : groups,
    outline: [2, 3],
    search: { provider: 'local' },
  },
  vite: { build: { assetsInlineLimit: 0 } },
};
