// A file portal: each user gets the files that the operating system permits. The portal itself checks nothing.
import { readFileSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { serve } from './serve.mjs';

/**
 * Creates a portal. GET /NAME reads a file of the folder and PUT /NAME writes one, both as the user of the request.
 * `tokenOf(request)` returns that user's token, or undefined. `whoAmI` returns the response to GET /whoami.
 */
export function createPortal({ folder, tokenOf, whoAmI }) {
  return serve(async (request) => {
    const token = tokenOf(request);
    if (!token) return { status: 401 };
    if (request.url === '/whoami') return { body: token.runSync(whoAmI) };
    const file = path.join(folder, path.basename(request.url));
    if (request.method === 'PUT') return store(token, file, await buffer(request));
    return { body: token.runSync(readFileSync, file) };
  });
}

/** Creates a portal that starts the read in a scope. A pool thread then reads as the scope's user. */
export function createPromisesPortal({ folder, tokenOf, whoAmI }) {
  return serve(async (request) => {
    const token = tokenOf(request);
    if (request.url === '/whoami') return { body: token.runSync(whoAmI) };
    let body;
    token.runSync(() => {
      body = readFile(path.join(folder, path.basename(request.url)));
    });
    return { body: await body };
  });
}

// With `using` (TypeScript, or Node 24 and later): using scope = token.impersonate(); writeFileSync(...);
function store(token, file, body) {
  const scope = token.impersonate();
  try {
    writeFileSync(file, body, { flag: 'wx', mode: 0o600 });
  } finally {
    scope.revert();
  }
  return { status: 201 };
}
