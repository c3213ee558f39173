import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Application, LogLevel } from 'typedoc';
import * as markdown from 'typedoc-plugin-markdown';
import { root } from '../support/root.mjs';
import { ApiRouter } from './router.mjs';
import { Declarations } from './declarations.mjs';
import { ApiTheme } from './theme.mjs';

const folder = 'docs/api';
/** The page that is written by hand. */
const introduction = 'README.md';

const entries = ['index', 'declarative', 'fs', 'http', 'postgres'];

/** Returns the pages of docs/api that TypeDoc makes of the docstrings: a Map from the names of the files to their texts. */
export async function makeApiPages() {
  const out = mkdtempSync(path.join(os.tmpdir(), 'api-pages-'));
  try {
    const app = await Application.bootstrapWithPlugins({
      entryPoints: entries.map((name) => path.join(root, 'lib', `${name}.ts`)),
      tsconfig: path.join(root, 'tsconfig.json'),
      plugin: [markdown.load, define],
      router: 'api',
      theme: 'api',
      readme: 'none',
      name: 'impersonate',
      disableGit: true,
      disableSources: true,
      excludeInternal: true,
      excludePrivate: true,
      excludeExternals: true,
      skipErrorChecking: true,
      sort: ['source-order'],
      validation: false,
      logLevel: LogLevel.Error,
      outputs: [{ name: 'markdown', path: out }],
    });
    const project = await app.convert();
    if (project === undefined) throw new Error('TypeDoc cannot read the sources');
    for (const module of project.children) if (module.name === 'index') module.name = 'impersonate';
    await app.generateOutputs(project);
    const names = readdirSync(out).filter((name) => name.endsWith('.md'));
    return new Map(names.sort().map((name) => [name, readFileSync(path.join(out, name), 'utf8')]));
  } finally {
    rmSync(out, { recursive: true });
  }
}

/** Returns the pages of docs/api that are not what TypeDoc makes of the docstrings. */
export async function checkApiPages() {
  const pages = await makeApiPages();
  const stored = readdirSync(path.join(root, folder)).filter((name) => name !== introduction);
  const isCurrent = (name) =>
    stored.includes(name) &&
    readFileSync(path.join(root, folder, name), 'utf8').replaceAll('\r\n', '\n') === pages.get(name);
  return [...new Set([...pages.keys(), ...stored])]
    .filter((name) => !pages.has(name) || !isCurrent(name))
    .map((name) => `${folder}/${name}: not current; run npm run docs`);
}

/** Writes the pages, and removes those of names that are gone. */
export async function writeApiPages() {
  const pages = await makeApiPages();
  for (const name of readdirSync(path.join(root, folder))) {
    if (name !== introduction && !pages.has(name)) rmSync(path.join(root, folder, name));
  }
  for (const [name, text] of pages) writeFileSync(path.join(root, folder, name), text);
}

function define(app) {
  ApiTheme.prototype.declarations = new Declarations(app.converter);
  app.renderer.defineRouter('api', ApiRouter);
  app.renderer.defineTheme('api', ApiTheme);
}
