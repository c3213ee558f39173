// The same portal without impersonation, for comparison.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { serve } from './serve.mjs';

/** Creates a portal that reads every file as the service. */
export function createPlainPortal({ folder, whoAmI }) {
  return serve((request) => {
    if (request.url === '/whoami') return { body: whoAmI() };
    return { body: readFileSync(path.join(folder, path.basename(request.url))) };
  });
}
