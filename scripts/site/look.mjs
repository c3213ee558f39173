// What is wrong with a page, as a browser shows it. The functions that run in the page use nothing from outside.
/* global document, getComputedStyle */

/** Runs in the page. Returns whether its background is of a scheme. */
function hasScheme(scheme) {
  const colors = getComputedStyle(document.body).backgroundColor.match(/\d+/g).slice(0, 3);
  return colors.every((color) => Number(color) < 128 === (scheme === 'dark'));
}

/** Runs in the page. Returns its problems, and the links and anchors that it has. */
function inspect(fewestLetters) {
  const problems = [];
  const shown = (element) => element.checkVisibility({ visibilityProperty: true });
  const all = (selector) => [...document.querySelectorAll(selector)].filter(shown);
  const describe = (element) => `${element.outerHTML.slice(0, 120)}…`;

  const content = document.querySelector('main');
  const letters = content?.innerText.length ?? 0;
  if (!content?.querySelector('h1')?.innerText.trim()) problems.push('has no heading');
  if (letters < fewestLetters) problems.push(`has only ${letters} letters`);

  const width = document.documentElement.clientWidth;
  const excess = document.documentElement.scrollWidth - width;
  if (excess > 0) {
    const scrolls = (element) =>
      element !== null &&
      (getComputedStyle(element).overflowX !== 'visible' || scrolls(element.parentElement));
    const wide = all('body *').filter((element) => element.getBoundingClientRect().right > width + 0.5);
    const culprit = wide.find((element) => !scrolls(element.parentElement));
    problems.push(`is ${excess} px too wide: ${culprit ? describe(culprit) : ''}`);
  }

  for (const image of all('img'))
    if (!image.complete || image.naturalWidth === 0) problems.push(`image did not load: ${image.src}`);
  const pictures = [...document.querySelectorAll('main img')];
  if (pictures.length > 0 && !pictures.some(shown)) problems.push('shows none of its images');

  for (const element of all('a[href], button, input, select, img')) {
    const label = element.labels?.[0]?.textContent ?? '';
    const inside = element.querySelector('img')?.alt ?? '';
    const names = [element.ariaLabel, element.title, element.alt, element.innerText, label, inside];
    const hidden = element.closest('[aria-hidden=true]') !== null;
    if (!hidden && !element.hasAttribute('aria-labelledby') && !names.some((name) => name?.trim()))
      problems.push(`has no accessible name: ${describe(element)}`);
  }

  return {
    problems,
    links: [...document.querySelectorAll('a[href]')].map((anchor) => anchor.href),
    anchors: [...document.querySelectorAll('[id]')].map(({ id }) => id),
  };
}

// The shortest page has more.
const fewestLetters = 200;
const timeout = 5000;

/**
 * Opens an address in a page of playwright, in each of the schemes, which the site takes from the browser, and calls
 * `then(scheme)` with each. Resolves to { problems, links, anchors }. A request to another server than the site's is a
 * problem, and is not sent.
 */
export async function look(page, address, then = async () => {}) {
  const { origin } = new URL(address);
  const problems = [];
  const listeners = {
    console: (message) => {
      if (['error', 'warning'].includes(message.type())) problems.push(`console: ${message.text()}`);
    },
    pageerror: (error) => problems.push(`exception: ${error.message}`),
    requestfailed: (request) => {
      // The browser itself gives up what it fetches ahead of time when it opens the next page.
      if (request.failure()?.errorText !== 'net::ERR_ABORTED')
        problems.push(`request failed: ${request.url()}`);
    },
    response: (response) => {
      if (response.status() >= 400) problems.push(`${response.status()}: ${response.url()}`);
    },
  };
  for (const [name, listener] of Object.entries(listeners)) page.on(name, listener);
  await page.route(
    (url) => url.origin !== origin && url.protocol !== 'data:',
    (route) => {
      problems.push(`request to another server: ${route.request().url()}`);
      return route.abort();
    },
  );
  await page.goto(address, { waitUntil: 'networkidle' });
  let found;
  for (const scheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme: scheme });
    await page
      .waitForFunction(hasScheme, scheme, { timeout })
      .catch(() => problems.push(`the page is not ${scheme}`));
    found = await page.evaluate(inspect, fewestLetters);
    problems.push(...found.problems.map((problem) => `${scheme}: ${problem}`));
    await then(scheme);
  }
  await page.unrouteAll();
  for (const [name, listener] of Object.entries(listeners)) page.off(name, listener);
  return { ...found, problems };
}

/**
 * Returns a problem for each link of a page to a file that the site lacks, or to an anchor that its page lacks.
 * `anchorsOf(address)` returns the anchors of a page that was looked at, and `hasFile(address)` whether the site has it.
 */
export function deadLinks(address, links, anchorsOf, hasFile) {
  const { origin } = new URL(address);
  return [...new Set(links)].flatMap((link) => {
    const url = new URL(link);
    if (url.origin !== origin) return [];
    const anchor = decodeURIComponent(url.hash.slice(1));
    url.hash = '';
    if (!hasFile(url.href)) return [`dead link ${link}`];
    const page = url.pathname.endsWith('/') ? new URL('index.html', url).href : url.href;
    const anchors = anchorsOf(page) ?? [];
    return anchor === '' || anchors.includes(anchor) ? [] : [`dead anchor ${link}`];
  });
}
