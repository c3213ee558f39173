// The same portal done wrongly, twice.
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { serve } from './serve.mjs';

/** Nobody is impersonated: the service reads every file itself. */
export function createPlainPortal({ folder, whoAmI }) {
  return serve((request) => {
    if (request.url === '/whoami') return { body: whoAmI() };
    return { body: readFileSync(path.join(folder, path.basename(request.url))) };
  });
}

/** A scope around fs.promises: only the start of the work is in it; a pool thread then reads as the service. */
export function createNaivePortal({ folder, tokenOf, whoAmI }) {
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
