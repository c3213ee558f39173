import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { writeQuestionCharts } from '../benchmarks/reporter/docs-images.mjs';
import { ensureNodeModules } from './support/node-modules.mjs';
import { root } from './support/root.mjs';

// Writes the pages of docs/ that are generated from sources, the charts from benchmarks/report, and the picture of the architecture.
ensureNodeModules();
const architecture = await import('./support/architecture-picture.mjs');
const errors = await import('./support/error-codes.mjs');
const nodeTests = await import('./support/node-tests-page.mjs');
const api = await import('./api-pages/pages.mjs');
const routing = await import('./support/routing-page.mjs');
writeFileSync(path.join(root, errors.page), await errors.makeErrorPage());
writeFileSync(path.join(root, nodeTests.page), await nodeTests.makeNodeTestsPage());
writeFileSync(path.join(root, routing.page), await routing.makeRoutingPage());
await api.writeApiPages();
writeQuestionCharts();
architecture.writeArchitecture();
