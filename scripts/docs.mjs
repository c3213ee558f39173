import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { ensureNodeModules } from './support/node-modules.mjs';
import { root } from './support/root.mjs';

// Writes the pages of docs/ that are generated from docstrings.
ensureNodeModules();
const { makeErrorPage, page } = await import('./support/error-codes.mjs');
writeFileSync(path.join(root, page), await makeErrorPage());
