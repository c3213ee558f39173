import { cpSync, mkdirSync, readdirSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { chromium } from 'playwright-core';
import { withScratch } from '../rig/scratch.mjs';
import { buildSite } from '../site/build.mjs';
import { deadLinks, look } from '../site/look.mjs';
import { publish } from '../site/publish.mjs';
import { fileOf, serve } from '../site/server.mjs';
import { currentVersion } from '../site/versions.mjs';
import { ensurePrograms } from '../support/packages.mjs';
import { capture, findProgram } from '../support/run.mjs';

const widths = { desktop: 1280, phone: 390 };
const height = 900;
const timeout = 15_000;
// As on a server that has other sites: a page that forgets it has dead links and requests.
const base = '/impersonate/';
// What is searched for, and a page that must be among the first results.
const searches = { ERR_TOKEN_CLOSED: 'docs/errors.html', systemd: 'docs/rights.html' };

/**
 * Builds the site to a temporary folder, serves it, starts Chromium, and calls `use(site)`. Chromium is a Debian package.
 */
export async function withSite(use) {
  ensurePrograms({ chromium: 'chromium' });
  await withScratch(os.tmpdir(), 'impersonate-site-', async (scratch) => {
    const folder = path.join(scratch, base);
    mkdirSync(folder);
    await buildSite({ base, site: folder });
    const { server, address } = await serve(scratch);
    const args = process.getuid() === 0 ? ['--no-sandbox'] : [];
    const browser = await chromium.launch({ executablePath: findProgram('chromium'), args });
    try {
      await use({ scratch, folder, browser, address: new URL(base, address).href });
    } finally {
      await browser.close();
      server.closeAllConnections();
      server.close();
    }
  });
}

/** Calls the functions of `tests` with the site, in order. Resolves to the counts of a suite. */
async function runTests(site, tests, write) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const [name, test] of tests) {
    const problems = await test(site).catch((error) => [stripVTControlCharacters(error.message)]);
    counts[problems.length > 0 ? 'failed' : 'passed'] += 1;
    if (problems.length > 0) write(`FAILED ${name}\n${problems.map((line) => `    ${line}\n`).join('')}`);
  }
  return counts;
}

/** Returns the pages of the built version, without the one for what is not found. */
const pagesOf = (folder) =>
  readdirSync(path.join(folder, currentVersion().folder), { recursive: true })
    .filter((name) => name.endsWith('.html') && name !== '404.html')
    .sort();

const addressOf = ({ address }, page) => new URL(`${currentVersion().folder}/${page}`, address).href;

/** Calls `use` with a new page of the browser, as wide as a device. */
async function withPage({ browser }, device, use) {
  const context = await browser.newContext({ viewport: { width: widths[device], height } });
  try {
    return await use(await context.newPage());
  } finally {
    await context.close();
  }
}

/** Returns the suites of a site: each page on each device, its links, the search and the versions. */
export function siteSuites(site, { filters, screenshots }) {
  const chosen = pagesOf(site.folder).filter(
    (page) => filters.length === 0 || filters.some((filter) => page.includes(filter)),
  );
  const found = new Map();
  const looks = Object.keys(widths).map((device) => lookSuite(site, chosen, { device, found, screenshots }));
  return filters.length > 0 ? looks : [...looks, linkSuite(site, found), useSuite(site), publishSuite(site)];
}

const lookSuite = (site, pages, { device, found, screenshots }) => ({
  name: `pages, ${device}`,
  together: true,
  run: (write) =>
    withPage(site, device, (page) => {
      const tests = pages.map((name) => [
        name,
        async () => {
          const address = addressOf(site, name);
          const picture = name.replace(/\.html$/, '').replaceAll('/', '-');
          const { problems, ...rest } = await look(page, address, async (scheme) => {
            if (!screenshots) return;
            const file = path.join(screenshots, `${picture}-${device}-${scheme}.png`);
            await page.screenshot({ path: file, fullPage: true });
          });
          found.set(address, rest);
          return problems;
        },
      ]);
      return runTests(site, tests, write);
    }),
});

const linkSuite = ({ folder, address }, found) => ({
  name: 'links',
  run: (write) => {
    const hasFile = (url) =>
      url.startsWith(address) && fileOf(folder, `/${url.slice(address.length)}`) !== undefined;
    const tests = [...found].map(([page, { links }]) => [
      page,
      async () => deadLinks(page, links, (url) => found.get(url)?.anchors, hasFile),
    ]);
    return runTests(undefined, tests, write);
  },
});

/** Searches as a reader does. */
const useSuite = (site) => ({
  name: 'search',
  run: (write) => {
    const cases = Object.entries(searches).flatMap(([text, page]) =>
      Object.keys(widths).map((device) => ({ text, page, device })),
    );
    const tests = cases.map(({ text, page: wanted, device }) => [
      `search for ${text}, ${device}`,
      () =>
        withPage(site, device, async (page) => {
          await page.goto(addressOf(site, 'index.html'));
          await page.getByRole('button', { name: 'Search' }).first().click();
          await page.getByRole('searchbox').fill(text);
          const result = page.locator(`.result[href*="${wanted}"]`).first();
          await result.click({ timeout });
          await page.waitForURL((url) => url.href.startsWith(addressOf(site, wanted)));
          return [];
        }),
    ]);
    return runTests(site, tests, write);
  },
});

const publishSuite = (site) => ({
  name: 'versions',
  run: (write) =>
    runTests(site, [['an older version stays when a newer one is published', publishTwice]], write),
});

const older = '0.1';

async function git(...args) {
  const { code, output } = await capture('git', args);
  if (code !== 0) throw new Error(`git ${args[0]} ended with ${code}:\n${output.trim()}`);
  return output;
}

/** Publishes an older version and then this one, each alone, to an empty repository. */
async function publishTwice(site) {
  const { folder } = currentVersion();
  const [remote, local, first] = ['remote', 'local', 'first'].map((name) => path.join(site.scratch, name));
  await git('init', '--quiet', '--bare', remote);
  await git('init', '--quiet', local);
  await git('-C', local, 'remote', 'add', 'origin', remote);
  cpSync(path.join(site.folder, folder), path.join(first, older), { recursive: true });
  const published = path.join(site.scratch, 'published', base);
  mkdirSync(path.dirname(published));
  const gitFolder = path.join(local, '.git');
  await publish(first, published, gitFolder);
  await publish(site.folder, published, gitFolder);
  const kept = await git('--git-dir', remote, 'ls-tree', '--name-only', 'site');
  const expected = ['.nojekyll', older, folder, 'index.html', 'versions.json'];
  const problems = kept.trim() === expected.join('\n') ? [] : [`the branch has ${kept}`];
  return [...problems, ...(await switchVersions(site, path.dirname(published)))];
}

/** Goes from the address of the site to the newest version, and by the menu to the older one, as on each device. */
async function switchVersions(site, folder) {
  const { server, address } = await serve(folder);
  const problems = [];
  const versionOf = (page) => new URL(page.url()).pathname.slice(base.length).split('/')[0];
  try {
    for (const device of Object.keys(widths)) {
      await withPage(site, device, async (page) => {
        await page.goto(new URL(base, address).href);
        await page.waitForURL(/\/\d+\.\d+\/$/);
        if (versionOf(page) !== currentVersion().folder) problems.push(`${device}: opens ${page.url()}`);
        if (device === 'phone') await page.getByRole('button', { name: 'mobile navigation' }).click();
        await page.locator('select:visible').selectOption(older, { timeout });
        await page.waitForURL(new RegExp(`/${older}/$`));
      });
    }
  } finally {
    server.closeAllConnections();
    server.close();
  }
  return problems;
}
