import { existsSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { root } from '../support/root.mjs';

const compilerOptions = {
  module: ts.ModuleKind.ESNext,
  target: ts.ScriptTarget.ES2022,
  isolatedModules: true,
  removeComments: true,
};
const requires = /\brequire\('(\.[^']+)'\)/g;

// Compiles lib. `require('./x')` there loads a module on first use: it begins a file of its own.
export const typescript = {
  name: 'typescript',
  resolveId(source, importer) {
    if (!source.startsWith('.') || importer === undefined) return null;
    const base = path.resolve(path.dirname(importer), source);
    return [`${base}.ts`, path.join(base, 'index.ts')].find((file) => existsSync(file)) ?? null;
  },
  transform(source, id) {
    const { outputText } = ts.transpileModule(source, { compilerOptions, fileName: id });
    return outputText.replace(requires, (_, name) => {
      const file = path.resolve(path.dirname(id), name);
      // From dist, whose files are all in one folder.
      if (name.endsWith('.node'))
        return `require('../${path.relative(root, file).replaceAll(path.sep, '/')}')`;
      const reference = this.emitFile({ type: 'chunk', id: `${file}.ts` });
      return `require(import.meta.ROLLUP_FILE_URL_${reference})`;
    });
  },
  resolveFileUrl: ({ relativePath }) => `'./${relativePath}'`,
};

// What all entries load, the entries' own modules apart.
const faces = ['index', 'fs', 'register', 'unrouted', 'worker/bootstrap', 'process/session-monitor'].map(
  (name) => path.join(root, 'lib', `${name}.ts`),
);

function reachableFrom(starts, getModuleInfo) {
  const found = new Set();
  const follow = (id) => {
    if (found.has(id)) return;
    found.add(id);
    getModuleInfo(id)?.importedIds.forEach(follow);
  };
  starts.forEach(follow);
  return found;
}

let core;
export function chunkOf(id, { getModuleInfo }) {
  core ??= reachableFrom(faces, getModuleInfo);
  if (faces.includes(id)) return undefined;
  return core.has(id) ? 'core' : undefined;
}

// Makes `export type` of what an entry does not export at run time, such as a class without a public constructor.
export function typeExports(modules) {
  const exported = new Map(modules.map(({ fileName, exports }) => [fileName, new Set(exports)]));
  const list = (names) => (names.length > 0 ? `{ ${names.join(', ')} }` : '{}');
  return {
    name: 'type-exports',
    renderChunk(code, { fileName }) {
      const values = exported.get(fileName.replace('.d.ts', '.js'));
      return (
        values &&
        code.replace(/export \{ ([^{}]*) \} from '\.\/types\.js';/, (_, names) => {
          const all = names.split(', ');
          const isValue = (name) => values.has(name);
          const types = all.filter((name) => !isValue(name));
          return `export ${list(all.filter(isValue))} from './types.js';\nexport type ${list(types)} from './types.js';`;
        })
      );
    },
  };
}
