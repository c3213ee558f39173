// What the portal's responses have in common: the page, errors, and the rules that browsers keep.
import { readFileSync } from 'node:fs';

const read = (name) => readFileSync(new URL(name, import.meta.url));
const pages = new Map([
  ['/', ['text/html', read('page.html')]],
  ['/page.css', ['text/css', read('page.css')]],
  ['/page.mjs', ['text/javascript', read('page.mjs')]],
]);
const statuses = new Map([
  ['EACCES', 403],
  ['EPERM', 403],
  ['ENOENT', 404],
  ['ENOTDIR', 404],
  ['EEXIST', 409],
  ['EISDIR', 400],
  ['ENAMETOOLONG', 400],
  ['ERR_NAME', 400],
  ['EDQUOT', 507],
  ['ENOSPC', 507],
]);

/** Sets what a browser may do with any response: files of users must not run as the portal's pages. */
export function setPolicies(response) {
  response.setHeader(
    'Content-Security-Policy',
    "default-src 'self'; img-src data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  );
  response.setHeader('Cross-Origin-Resource-Policy', 'same-origin');
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.setHeader('Referrer-Policy', 'no-referrer');
}

/**
 * Whether the portal's own page has sent the request. A browser authenticates its user also for requests that another
 * site's page has caused, so every request to the API is checked.
 */
export function isFromOwnPage({ method, headers }) {
  const site = headers['sec-fetch-site'] ?? 'same-origin'; // browsers send it to https: and localhost
  if (site !== 'same-origin' && !(site === 'none' && method === 'GET')) return false;
  if (method === 'GET' && headers.origin === undefined) return true;
  return URL.canParse(headers.origin) && new URL(headers.origin).host === headers.host;
}

export function sendPage(_request, response, pathname) {
  const [type, content] = pages.get(pathname) ?? [];
  if (content) response.writeHead(200, { 'Content-Type': `${type}; charset=utf-8` }).end(content);
  else sendJson(response, 404, { code: 'ERR_URL' });
}

export function sendJson(response, status, value) {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(value));
}

/** Sends the code of an error, and not its message, which may have details of the server. */
export function sendError(response, error) {
  if (response.headersSent) response.destroy();
  else if (error instanceof URIError) sendJson(response, 400, { code: 'ERR_NAME' });
  else sendJson(response, statuses.get(error.code) ?? 500, { code: error.code ?? 'ERR_SERVER' });
}
