import { readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { root } from '../paths';

/** A fence of code of the README or of a page of the documentation. */
export interface Fence {
  /** The page and the line, `docs/flows.md:6`. */
  readonly place: string;
  readonly page: string;
  /** What is written behind the backticks. */
  readonly language: string;
  readonly source: string;
  /** The headings that it is below, and what the code says about itself in its first line. */
  readonly about: string;
}

/** Fences that the tests run. */
export const isProgram = ({ language }: Fence): boolean => language === 'js' || language === 'ts';
export const isShell = ({ language }: Fence): boolean => language === 'sh';

/** Fences that nothing runs: configuration, output, and code of other languages. */
export const shownLanguages = [
  'c',
  'dockerfile',
  'html',
  'ini',
  'json',
  'mermaid',
  'powershell',
  'text',
  'xml',
  'yaml',
];

const pages = ['README.md', 'docs']
  .flatMap((name) =>
    name.endsWith('.md')
      ? [name]
      : readdirSync(join(root, name), { recursive: true, encoding: 'utf8' })
          .filter((file) => file.endsWith('.md'))
          .map((file) => join(name, file)),
  )
  .map((page) => page.replaceAll(sep, '/'))
  // The examples of the API reference are those of the docstrings.
  .filter((page) => !page.startsWith('docs/api/'))
  .sort();

function* fencesOf(page: string): Generator<Fence> {
  const headings: string[] = [];
  let open: { marker: string; language: string; line: number } | undefined;
  let lines: string[] = [];
  for (const [index, text] of readFileSync(join(root, page), 'utf8').split(/\r?\n/).entries()) {
    const marker = /^ *(`{3,}|~{3,})/.exec(text)?.[1];
    const heading = /^(#+) (.*)$/.exec(text);
    if (open?.marker === text.trim()) {
      const source = `${lines.join('\n')}\n`;
      const about = [...headings, /^(?:\/\/|#) .*/.exec(source)?.[0] ?? ''].join('\n');
      yield { place: `${page}:${String(open.line)}`, page, language: open.language, source, about };
      open = undefined;
    } else if (open) lines.push(text);
    else if (marker !== undefined) {
      open = { marker, language: text.trim().slice(marker.length).trim(), line: index + 1 };
      lines = [];
    } else if (heading) {
      headings.length = (heading[1] ?? '').length - 1;
      headings.push(heading[2] ?? '');
    }
  }
  if (open) throw new Error(`${page}:${String(open.line)}: a fence has no end`);
}

/** All fences, in the order of the pages. */
export const fences: readonly Fence[] = pages.flatMap((page) => [...fencesOf(page)]);

const systems = {
  linux: /\b(?:Linux|systemd|Docker|Kubernetes|container)\b/i,
  win32: /\b(?:Windows|IIS|Active Directory)\b/,
} as const;

/** Whether the example is for this system: the headings above it, or its first line, name this one, or none. */
export function isForThisSystem({ about }: Fence): boolean {
  const named = (['linux', 'win32'] as const).filter((system) => systems[system].test(about));
  return named.length !== 1 || named[0] === process.platform;
}
