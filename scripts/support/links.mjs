import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { listFiles } from './files.mjs';
import { root } from './root.mjs';

const rootPages = ['README.md', 'SECURITY.md', 'CONTRIBUTING.md', 'CHANGELOG.md'];

/** Returns the pages of the documentation, as paths from the project's folder. */
export const pages = () => [...rootPages, ...listFiles('docs', /\.md$/)];

const withoutCode = (text) => text.replace(/^```[\s\S]*?^```/gm, '');

/** Returns the anchor that Markdown viewers give to a heading. */
export const anchorOf = (heading) =>
  heading
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replace(/\s/g, '-');

function anchorsOf(text) {
  const seen = new Map();
  return new Set(
    [...withoutCode(text).matchAll(/^#{1,6} (.+)$/gm)].map(([, heading]) => {
      const anchor = anchorOf(heading);
      const count = seen.get(anchor) ?? 0;
      seen.set(anchor, count + 1);
      return count === 0 ? anchor : `${anchor}-${count}`;
    }),
  );
}

/** Returns a line for each relative link of the pages, or image, whose file or heading does not exist. */
export function checkLinks() {
  const texts = new Map(pages().map((page) => [page, readFileSync(path.join(root, page), 'utf8')]));
  const anchors = new Map([...texts].map(([page, text]) => [page, anchorsOf(text)]));
  return [...texts].flatMap(([page, text]) =>
    [...withoutCode(text).matchAll(/\]\(([^)\s]+)\)|src="([^"]+)"/g)]
      .map(([, link, source]) => link ?? source)
      .filter((link) => !/^[a-z]+:/.test(link))
      .filter((link) => {
        const [file, anchor] = link.split('#');
        const target = file === '' ? page : path.posix.join(path.posix.dirname(page), file);
        if (!existsSync(path.join(root, target))) return true;
        return anchor !== undefined && anchors.has(target) && !anchors.get(target).has(anchor);
      })
      .map((link) => `${page}: the link ${link} leads nowhere`),
  );
}
