// The package as it is built here: this folder is a package of its own, so the name would not find it.
export { nodeFs, unroute } from './node-fs.mjs';
export * from '../dist/index.mjs';
export { default as impersonateFs } from '../dist/fs.mjs';
