import { isMain, report } from './support/check.mjs';
import { checkErrorCodes } from './support/error-codes.mjs';
import { checkPublicApi } from './support/public-api.mjs';

// Returns the codes that docs/errors.md lacks, and the public names without a docstring or an exported type; '' if none.
export async function checkDocs() {
  return [...(await checkErrorCodes()), ...checkPublicApi()].join('\n');
}

if (isMain(import.meta.url)) report('docs', await checkDocs());
