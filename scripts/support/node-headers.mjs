import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { root } from './root.mjs';

// Returns the folder of node's own headers, with node_api.h and uv.h: those in node-gyp's configuration, those of this
// node, those that node-gyp downloaded, or Debian's.
export function nodeHeaders() {
  const prefixes = [
    process.env.npm_config_nodedir,
    path.resolve(process.execPath, '../..'),
    path.join(homedir(), '.cache', 'node-gyp', process.versions.node),
    '/usr',
  ];
  const folders = prefixes.filter(Boolean).map((prefix) => path.join(prefix, 'include', 'node'));
  const found = folders.find((folder) => existsSync(path.join(folder, 'uv.h')));
  if (found === undefined) throw new Error(`No node headers (uv.h) in ${folders.join(', ')}`);
  return found;
}

// Returns node-addon-api's folder, with napi.h.
export const addonApiHeaders = path.join(root, 'node_modules', 'node-addon-api');

// Returns the names of the functions that an addon takes from its host: those of Node-API 8, and the libuv functions that
// a file lists.
export function hostFunctions(uvFile) {
  // Not an import: this module is loaded before the packages are installed.
  const { symbols } = createRequire(import.meta.url)('node-api-headers');
  const { js_native_api_symbols: js, node_api_symbols: node } = symbols.v8;
  const uv = readFileSync(uvFile, 'utf8').split(/\s+/).filter(Boolean);
  return [...new Set([...js, ...node, ...uv])].sort();
}
