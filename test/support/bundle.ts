import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { root } from './paths';

/** The runtime of the bundle: modules are functions by their paths in dist, as bundlers make of CommonJS. */
const runtime = `const nodePath = require('node:path').posix;
const loaded = {};
function load(name) {
  const found = [name, name + '.js', name + '/index.js'].find((one) => Object.hasOwn(modules, one));
  if (found === undefined) throw Object.assign(new Error('no module ' + name), { code: 'MODULE_NOT_FOUND' });
  if (!loaded[found]) {
    const module = (loaded[found] = { exports: {} });
    modules[found](module, module.exports, (wanted) => {
      if (wanted.endsWith('.node')) return loadAddon();
      if (wanted === 'bindings') return (options) => require(nodePath.join(options.module_root, ...options.try[0].slice(1, -1), options.bindings));
      return wanted.startsWith('.') ? load(nodePath.join(nodePath.dirname(found), wanted)) : require(wanted);
    });
  }
  return loaded[found].exports;
}
`;

/**
 * Writes a bundle of the built package to a file. It exports what the package exports. Its addon is what
 * `loadAddon` returns, the expression or block of a function, wherever the package would load a prebuilt one.
 */
export function writeBundle(file: string, loadAddon: string): void {
  const dist = join(root, 'dist');
  const modules = readdirSync(dist, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.js'))
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => {
      const name = relative(dist, path).replaceAll('\\', '/');
      return `${JSON.stringify(name)}(module, exports, require) {\n${readFileSync(path, 'utf8')}\n},\n`;
    });
  writeFileSync(
    file,
    `const loadAddon = () => ${loadAddon};\nconst modules = {\n${modules.join('')}};\n${runtime}module.exports = load('index.js');\n`,
  );
}
