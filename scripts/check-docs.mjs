import { isMain, report } from './support/check.mjs';
import { checkErrorCodes } from './support/error-codes.mjs';
import { checkPublicApi } from './support/public-api.mjs';

// Codes that docs/errors.md does not have, and public names without a docstring or an exported type; '' if none.
export async function checkDocs() {
  return [...(await checkErrorCodes()), ...checkPublicApi()].join('\n');
}

if (isMain(import.meta.url)) report('docs', await checkDocs());
