import { cpSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { listFiles } from '../support/files.mjs';
import { pages } from '../support/links.mjs';
import { root } from '../support/root.mjs';

// A page has the place in the site that it has in the repository, so that links between pages need no change. Other files
// that pages link to are shown as pages in this folder, because the repository has no public address.
const sources = 'source';
const raw = /\.(?:json|png|svg)$/;
const fences = /(^ *```[\s\S]*?^ *```)/m;
const link = /(?<=\]\()(?![a-z]+:|#)([^)\s]+)(?=\))/g;
const image = /!\[([^\]]*)\]\(([^)\s]+)\)|<img src="([^"]+)"([^>]*)>/g;
const languages = { cjs: 'js', config: 'xml', mjs: 'js', service: 'ini', ps1: 'powershell', yml: 'yaml' };

const read = (file) => readFileSync(path.join(root, file), 'utf8');
const relative = (from, to) => path.posix.relative(path.posix.dirname(from), to);
const readable = (page) => page.replace(/(^|\/)README\.md$/, '$1index.md');
// No dots: a name that starts with one is left out by servers, and index.html.md would be taken for index.md.
const sourcePage = (file) =>
  `${sources}/${file
    .replace(/(^|\/)\./g, '$1')
    .replace(/\/$/, '')
    .replaceAll('.', '-')}.md`;

// Tables get the place of the outline on a page without sections.
const withoutOutline = '---\naside: false\n---\n\n';

const box = (images) => `<span class="picture">${images}</span>`;

/** Returns the style that keeps the text of a wide picture legible. Its box scrolls on a narrow screen. */
function leastWidth(svg) {
  const width = Number(/viewBox="0 0 ([\d.]+)/.exec(svg)?.[1] ?? 0);
  if (width <= 600) return '';
  return ` style="min-width: ${width > 1000 ? width : 600}px"`;
}

/** Returns the pages of the site that are Markdown in the repository. */
export const sitePages = () => [...pages(), ...listFiles('benchmarks/report', /\.md$/)];

/** Writes the Markdown of the site to an empty folder: the repository's, with links and images that work there. */
export function writePages(folder) {
  rmSync(folder, { recursive: true, force: true });
  const write = (name, text) => {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), text);
  };
  const known = new Set(sitePages());
  const shown = new Set();

  const linkFrom = (page) => (target) => {
    const [file, anchor] = target.split('#');
    const wanted = path.posix.join(path.posix.dirname(page), file);
    const suffix = anchor === undefined ? '' : `#${anchor}`;
    if (known.has(wanted)) return relative(page, readable(wanted)) + suffix;
    if (raw.test(wanted)) {
      cpSync(path.join(root, wanted), path.join(folder, 'public', wanted));
      return target;
    }
    shown.add(wanted);
    return relative(page, sourcePage(wanted)) + suffix;
  };

  const imageFrom = (page) => (_whole, alt, markdownSource, htmlSource, attributes) => {
    const file = path.posix.join(path.posix.dirname(page), markdownSource ?? htmlSource);
    const text = file.endsWith('.svg') ? read(file) : '';
    const rest = (attributes ?? ` alt="${alt.replaceAll('"', '&quot;')}"`) + leastWidth(text);
    const tag = (name, of) => `<img class="${of}" src="./${relative(page, name)}"${rest}>`;
    if (!text.includes('prefers-color-scheme')) {
      cpSync(path.join(root, file), path.join(folder, file));
      return box(tag(file, 'light dark'));
    }
    // The switch of the site decides, and not the browser's setting: an image for each.
    const tags = ['light', 'dark'].map((scheme) => {
      const name = file.replace(/\.svg$/, `-${scheme}.svg`);
      const condition = scheme === 'dark' ? '@media all' : '@media not all';
      write(name, text.replaceAll(/@media \(prefers-color-scheme: dark\)/g, condition));
      return tag(name, scheme);
    });
    return box(tags.join(''));
  };

  for (const page of known) {
    const parts = read(page).split(fences);
    const change = (part) => part.replace(image, imageFrom(page)).replace(link, linkFrom(page));
    const text = parts.map((part, index) => (index % 2 === 0 ? change(part) : part)).join('');
    write(readable(page), /^## /m.test(text) ? text : `${withoutOutline}${text}`);
  }
  for (const file of shown) write(sourcePage(file), sourceText(file));
}

const fence = (file) => {
  const extension = path.extname(file).slice(1);
  const language = path.basename(file) === 'Dockerfile' ? 'docker' : extension;
  return `\`\`\`\`\`${languages[language] ?? (language || 'text')}\n${read(file)}\n\`\`\`\`\`\n`;
};

/** Returns a page with the text of a file, or of each file in a folder. */
function sourceText(name) {
  const file = name.replace(/\/$/, '');
  const head = `---\nsearch: false\nprev: false\nnext: false\n---\n\n# ${file}\n`;
  if (!statSync(path.join(root, file)).isDirectory()) return `${head}\n${fence(file)}`;
  const files = listFiles(file, /^[^.]/);
  return [head, ...files.map((each) => `## ${path.posix.relative(file, each)}\n\n${fence(each)}`)].join('\n');
}
