import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { ensureNodeModules } from './support/node-modules.mjs';
import { root } from './support/root.mjs';

// Makes the pages of docs/ that are made of docstrings.
ensureNodeModules();
const { makeErrorPage, page } = await import('./support/error-codes.mjs');
writeFileSync(path.join(root, page), await makeErrorPage());
