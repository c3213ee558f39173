// The package as it is built here: this folder is a package of its own, so the name would not find it.
export * from '../dist/index.mjs';
export { default as impersonateFs } from '../dist/fs.mjs';

/** What `node --import` takes for impersonate/register. */
export const register = new URL('../dist/register.mjs', import.meta.url).href;
