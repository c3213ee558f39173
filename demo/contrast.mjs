// The same portal done wrongly.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { serve } from './serve.mjs';

/** Nobody is impersonated: the service reads every file itself. */
export function createPlainPortal({ folder, whoAmI }) {
  return serve((request) => {
    if (request.url === '/whoami') return { body: whoAmI() };
    return { body: readFileSync(path.join(folder, path.basename(request.url))) };
  });
}
