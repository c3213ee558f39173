// node scripts/build-dist.mjs [FOLDER]
// Makes dist of lib, or FOLDER: bundles the modules. All entries share `core.js`; what is not needed by every program is in
// `deferred.js`, which is loaded on first use. Also the declarations, and the native sources of each port as one file.
// Lint checks the types.
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { rollup } from 'rollup';
import { dts } from 'rollup-plugin-dts';
import ts from 'typescript';
import { amalgamateNative } from './bundle/native.mjs';
import { chunkOf, typeExports, typescript } from './bundle/plugin.mjs';
import { root } from './support/root.mjs';
import { run } from './support/run.mjs';

const entries = ['index', 'declarative', 'fs', 'http', 'postgres', 'register', 'unrouted'];
const [given] = process.argv.slice(2);
const dist = given === undefined ? path.join(root, 'dist') : path.resolve(given);

const inputs = (folder, extension, names) =>
  Object.fromEntries(names.map((name) => [path.basename(name), path.join(folder, `${name}.${extension}`)]));

// Warnings are errors.
function onLog(level, log) {
  if (level === 'warn') throw new Error(`rollup: ${log.message}`);
}

async function bundle(input, plugins, output) {
  // No code is left out: a promise of the package does not depend on what a bundler takes for unused.
  const made = await rollup({ input, plugins, external: /^[^./]/, treeshake: false, onLog });
  const { output: files } = await made.write({ dir: dist, hoistTransitiveImports: false, ...output });
  await made.close();
  return files;
}

function bundleModules() {
  return bundle(
    inputs(path.join(root, 'lib'), 'ts', [...entries, 'worker/bootstrap', 'process/session-monitor', 'cli']),
    [typescript],
    {
      format: 'cjs',
      exports: 'named',
      interop: 'default',
      externalLiveBindings: false,
      esModule: true,
      generatedCode: { preset: 'es2015', symbols: false },
      minifyInternalExports: false,
      entryFileNames: '[name].js',
      chunkFileNames: '[name].js',
      manualChunks: chunkOf,
    },
  );
}

// An entry for `import` names the exports of the one for `require`.
function compileModuleEntries() {
  for (const name of entries) {
    const source = readFileSync(path.join(root, 'lib', `${name}.mts`), 'utf8');
    const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 };
    writeFileSync(path.join(dist, `${name}.mjs`), ts.transpileModule(source, { compilerOptions }).outputText);
  }
}

async function bundleDeclarations(folder, modules) {
  // It declares nothing.
  copyFileSync(path.join(folder, 'register.d.ts'), path.join(dist, 'register.d.ts'));
  for (const name of entries) {
    copyFileSync(path.join(folder, `${name}.d.mts`), path.join(dist, `${name}.d.mts`));
  }
  const declaring = entries.filter((name) => name !== 'register');
  await bundle(inputs(folder, 'd.ts', declaring), [dts(), typeExports(modules)], {
    format: 'es',
    entryFileNames: '[name].d.ts',
    chunkFileNames: 'types.d.ts',
    minifyInternalExports: false,
    manualChunks: (id) =>
      ['', 'declarative', 'http', 'postgres']
        .map((name) => path.join(folder, name))
        .includes(path.dirname(id))
        ? undefined
        : 'types',
  });
}

rmSync(dist, { recursive: true, force: true });
const folder = await mkdtemp(path.join(os.tmpdir(), 'declarations-'));
try {
  const declarations = path.join(folder, 'lib');
  // The declarations refer to it.
  await symlink(path.join(root, 'types'), path.join(folder, 'types'));
  const compiler = path.join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  run(process.execPath, [
    compiler,
    '-p',
    root,
    '--emitDeclarationOnly',
    '--noCheck',
    '--outDir',
    declarations,
  ]);
  const modules = await bundleModules();
  compileModuleEntries();
  await bundleDeclarations(declarations, modules);
  amalgamateNative(path.join(dist, 'native'));
} finally {
  await rm(folder, { recursive: true, force: true });
}
