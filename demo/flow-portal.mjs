// The same portal for handlers that await: each request runs in a flow of its user.
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { runSync } from 'impersonate';
import fs from 'impersonate/fs';
import { serve } from './serve.mjs';

export function createFlowPortal({ folder, tokenOf, whoAmI }) {
  return serve((request) => {
    const token = tokenOf(request);
    if (!token) return { status: 401 };
    return token.run(async () => {
      await setTimeout(Math.random() * 5); // other users' requests are served meanwhile
      if (request.url === '/whoami') return { body: runSync(whoAmI) };
      return { body: await fs.readFile(path.join(folder, path.basename(request.url))) };
    });
  });
}
