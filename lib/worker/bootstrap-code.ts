/**
 * The code of bootstrap.ts and of everything that it imports, as one CommonJS script. scripts/bundle-bootstrap.mjs writes
 * it to dist. Only bundles load it.
 */
export const code: string = '';
