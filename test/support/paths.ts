import { resolve } from 'node:path';

/** The package's root, from the compiled tests. */
export const root = resolve(__dirname, '..', '..');
export const product = resolve(root, 'dist', 'index.js');
/** impersonate/http. */
export const httpProduct = resolve(root, 'dist', 'http.js');
/** impersonate/postgres. */
export const postgresProduct = resolve(root, 'dist', 'postgres.js');
/** The package without its routing of node:fs. */
export const unrouted = resolve(root, 'dist', 'unrouted.js');
export const productModule = resolve(root, 'dist', 'index.mjs');
export const probeAddon = resolve(root, 'test', 'native', 'build', 'Release', 'probe.node');
/** A module of PAM that writes its calls to the file that is its argument: see test/native/linux/pam_module.cpp. */
export const pamModule = resolve(root, 'test', 'native', 'build', 'Release', 'pam_module.so');
