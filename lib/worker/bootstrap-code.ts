/**
 * The code of bootstrap.ts and of everything that it imports, as one script. The build puts it here: see
 * scripts/build-bootstrap-code.mjs. Only bundles load it.
 */
export const code = '';
