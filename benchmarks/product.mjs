// The package as it is built here. This folder is a separate package, so the package's name would not resolve.
export { nodeFs, unroute } from './node-fs.mjs';
export * from '../dist/index.mjs';
export * from '../dist/http.mjs';
export { default as impersonateFs } from '../dist/fs.mjs';
