import { checkQuestionCharts } from '../benchmarks/reporter/docs-images.mjs';
import { checkApiPages } from './api-pages/pages.mjs';
import { isMain, report } from './support/check.mjs';
import { checkArchitecture } from './support/architecture-picture.mjs';
import { checkErrorCodes } from './support/error-codes.mjs';
import { checkLinks } from './support/links.mjs';
import { checkNodeTestsPage } from './support/node-tests-page.mjs';
import { checkPublicApi } from './support/public-api.mjs';
import { checkRoutingPage } from './support/routing-page.mjs';
import { checkSidebar } from './support/site-pages.mjs';

// Returns the codes that docs/errors.md lacks, the pages and charts that are not current, the links that lead nowhere, and the public names without a docstring or
// an exported type; '' if none.
export async function checkDocs() {
  return [
    ...(await checkErrorCodes()),
    ...(await checkRoutingPage()),
    ...(await checkNodeTestsPage()),
    ...(await checkApiPages()),
    ...checkQuestionCharts(),
    ...checkArchitecture(),
    ...checkLinks(),
    ...checkSidebar(),
    ...checkPublicApi(),
  ].join('\n');
}

if (isMain(import.meta.url)) report('docs', await checkDocs());
