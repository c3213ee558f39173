import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../support/paths';

const textOf = (...names: string[]): string =>
  readFileSync(join(root, ...names), 'utf8').replaceAll('\r\n', '\n');
const pages = readdirSync(join(root, 'docs', 'start')).sort();

/** Files of examples that a page shows: a line that ends with the link and a colon, and the fence below it. */
const shown = pages.flatMap((page) =>
  [
    ...textOf('docs', 'start', page).matchAll(
      /\]\(\.\.\/\.\.\/(examples\/[^)]+)\):\n\n```\S+\n([^]*?)^```$/gm,
    ),
  ].map(([, file = '', text = '']) => ({ page, file, text })),
);
/** The files of the deployments that the pages are about. */
const files = ['deploy', 'iis', 'electron'].flatMap((folder) =>
  readdirSync(join(root, 'examples', folder), { recursive: true, encoding: 'utf8' })
    .map((name) => ['examples', folder, ...name.split(/[\\/]/)].join('/'))
    .filter((file) => statSync(join(root, file)).isFile()),
);

test.each(shown)('$page shows $file as it is', ({ file, text }) => {
  expect(text).toBe(textOf(file));
});

test('each file of a deployment is in a page, at least as a link', () => {
  const all = pages.map((page) => textOf('docs', 'start', page)).join('\n');
  expect(files.length).toBeGreaterThan(15);
  expect(files.filter((file) => !all.includes(`](../../${file})`))).toEqual([]);
});

test('what the pages copy out of the package is in the package', () => {
  const { files: packed } = JSON.parse(textOf('package.json')) as { files: string[] };
  expect(packed).toContain('examples');
  const copied = pages.flatMap((page) =>
    [...textOf('docs', 'start', page).matchAll(/node_modules[\\/]impersonate[\\/](examples[\w.\\/-]+)/g)].map(
      ([, path = '']) => path.replaceAll('\\', '/').replace(/\/$/, ''),
    ),
  );
  expect(copied.length).toBeGreaterThan(7);
  expect(copied.filter((path) => !existsSync(join(root, path)))).toEqual([]);
});

/** The names of elements that are open at the end of an XML text without CDATA; throws for one that is closed wrongly. */
function openElements(xml: string): string[] {
  const open: string[] = [];
  const tags = xml.replace(/<!--(?:(?!--)[^])*-->/g, '').replace(/^<\?xml [^>]*\?>/, '');
  for (const [, closing, name = '', attributes = '', empty] of tags.matchAll(
    /<(\/?)([\w.]+)((?:\s+[\w:.]+="[^"<]*")*)\s*(\/?)>/g,
  )) {
    const names = [...attributes.matchAll(/([\w:.]+)="/g)].map(([, attribute]) => attribute);
    if (new Set(names).size !== names.length) throw new Error(`<${name}> has an attribute twice`);
    if (closing) {
      if (open.pop() !== name) throw new Error(`</${name}> closes another element`);
    } else if (!empty) open.push(name);
  }
  const rest = tags.replace(/<\/?[\w.]+(?:\s+[\w:.]+="[^"<]*")*\s*\/?>/g, '');
  if (/[<>&]/.test(rest)) throw new Error(`this is no XML: ${rest.trim()}`);
  return open;
}

test.each(files.filter((file) => file.endsWith('.config')))('%s is well-formed', (file) => {
  expect(openElements(textOf(file))).toEqual([]);
  expect(() => openElements(textOf(file).replace('</handlers>', ''))).toThrow();
  expect(() => openElements(textOf(file).replace('verb="*"', 'verb="*'))).toThrow();
});

test.each(files.filter((file) => file.endsWith('.json')))('%s is JSON', (file) => {
  expect(JSON.parse(textOf(file))).toHaveProperty('name');
});
