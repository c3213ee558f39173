import { createRequire } from 'node:module';
import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { cached } from '../rig/cache.mjs';
import { targets } from '../prebuilds/targets.mjs';
import { run } from '../rig/command.mjs';
import { inParallel } from '../support/run.mjs';
import { bundledProgram } from './bundled.mjs';
import { runStep, withProject } from './project.mjs';

// Bundlers and the plugins that their users have for native addons.
const packages = [
  ...['esbuild@0.28', 'rollup@4', 'webpack@5', '@vercel/ncc@0.45', '@vercel/nft@1'],
  ...['@rollup/plugin-commonjs@29', '@rollup/plugin-node-resolve@16', 'node-loader@2'],
];

// Returns a require() that loads these packages. None of them needs its install script.
async function bundlerPackages() {
  const folder = await cached('bundlers-2', (target) =>
    run('npm', ['install', '--prefix', target, '--no-audit', '--no-fund', '--ignore-scripts', ...packages]),
  );
  return createRequire(path.join(folder, 'package.json'));
}

const extension = { cjs: '.cjs', esm: '.mjs' };
const sourcesOf = (project, format) =>
  ['program', 'thread'].map((name) => path.join(project, name + extension[format]));

// Copies the package and its dependencies, as `npm install --omit=dev` would in the folder of the program.
async function copyInstalled(project, output) {
  for (const name of ['impersonate', 'bindings', 'file-uri-to-path']) {
    const folder = path.join('node_modules', name);
    await cp(path.join(project, folder), path.join(output, folder), { recursive: true });
  }
}

async function esbuild({ load, project, output, format }) {
  const { build } = load('esbuild');
  // CommonJS in an ES module needs a require(), for modules of node as well.
  const banner = `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);`;
  await build({
    entryPoints: sourcesOf(project, format),
    ...{ bundle: true, platform: 'node', format, outdir: output, logLevel: 'silent' },
    loader: { '.node': 'copy' },
    outExtension: { '.js': extension[format] },
    ...(format === 'esm' ? { banner: { js: banner } } : {}),
  });
}

// Its plugins for native addons keep only one file of a name, so the package stays external, as in a library.
async function rollup({ load, project, output, format }) {
  const plugins = [
    load('@rollup/plugin-node-resolve').default({ preferBuiltins: true }),
    load('@rollup/plugin-commonjs').default(),
  ];
  const external = [/^node:/, /^impersonate(?:\/|$)/];
  const bundle = await load('rollup').rollup({ input: sourcesOf(project, format), plugins, external });
  await bundle.write({ dir: output, format, entryFileNames: `[name]${extension[format]}` });
  await bundle.close();
  await copyInstalled(project, output);
}

function webpack({ load, project, output, format }) {
  const configuration = {
    ...{ mode: 'production', target: 'node', context: project, optimization: { minimize: false } },
    entry: Object.fromEntries(sourcesOf(project, format).map((file) => [path.parse(file).name, file])),
    output: {
      path: output,
      // Node-loader takes it as a path, and by default it is a URL in an ES module.
      publicPath: '',
      filename: `[name]${extension[format]}`,
      ...(format === 'esm' ? { module: true, chunkFormat: 'module', library: { type: 'module' } } : {}),
    },
    experiments: { outputModule: format === 'esm' },
    module: { rules: [{ test: /\.node$/, loader: load.resolve('node-loader') }] },
  };
  return new Promise((resolve, reject) => {
    load('webpack')(configuration, (error, stats) => {
      if (error) reject(error);
      else if (stats.hasErrors()) reject(new Error(stats.toString({ all: false, errors: true })));
      else resolve();
    });
  });
}

async function ncc({ load, project, output, format }) {
  for (const source of sourcesOf(project, format)) {
    const { code, assets } = await load('@vercel/ncc')(source, { quiet: true, cache: false });
    const files = { [path.basename(source)]: { source: code }, ...assets };
    for (const [name, { source: content }] of Object.entries(files)) {
      const file = path.join(output, name);
      await mkdir(path.dirname(file), { recursive: true });
      await writeFile(file, content);
    }
  }
}

async function nft({ load, project, output, format }) {
  const { fileList } = await load('@vercel/nft').nodeFileTrace(sourcesOf(project, format), { base: project });
  for (const file of fileList) {
    await cp(path.join(project, file), path.join(output, file), { recursive: true, dereference: true });
  }
}

const bundlers = { esbuild, rollup, webpack, ncc, nft };
export const bundlerNames = Object.keys(bundlers);

// Bundlers read the binaries of every system, and a tarball of a test has few.
async function addMissingBinaries(project) {
  for (const { file } of Object.values(targets)) {
    const binary = path.join(project, 'node_modules', 'impersonate', file);
    await mkdir(path.dirname(binary), { recursive: true });
    await writeFile(binary, '', { flag: 'a' });
  }
}

// Files that a program must not load: they are not addons.
async function plantAddons(folder, end) {
  for (let above = folder; above !== end; above = path.dirname(above)) {
    for (const name of ['build/Release/impersonate.node', targets['linux-x64'].file]) {
      const file = path.join(above, name);
      await mkdir(path.dirname(file), { recursive: true });
      await writeFile(file, 'planted', { flag: 'a' });
    }
  }
}

async function makeBundle(request) {
  try {
    await bundlers[request.name](request);
    return undefined;
  } catch (error) {
    return error.stack;
  }
}

/**
 * Installs the tarball, bundles the program with each bundler as CommonJS and as ES modules, and runs the bundles in
 * another folder without the project and its node_modules, below folders with planted addons. Returns the steps.
 */
export function tryBundlers(names, major, tarball) {
  return withProject('npm-12', major, tarball, async ({ project, node, env, added }) => {
    const load = await bundlerPackages();
    const moved = path.join(project, '..', 'moved');
    await addMissingBinaries(project);
    const made = [];
    for (const format of ['cjs', 'esm']) {
      for (const [name, source] of Object.entries(bundledProgram(format))) {
        await writeFile(path.join(project, name), source);
      }
      for (const name of names) {
        const output = path.join(moved, `${name}-${format}`, 'above', 'bundle');
        await mkdir(output, { recursive: true });
        const problem = await makeBundle({ load, project, output, format, name });
        made.push({ step: `${name}, ${format}`, format, output, problem });
      }
    }
    await rm(project, { recursive: true });
    const run = async ({ step, format, output, problem }) => {
      if (problem) return { name: step, ok: false, output: problem };
      await plantAddons(path.dirname(output), moved);
      return runStep(step, { node, env, cwd: path.dirname(output) }, [`bundle/program${extension[format]}`]);
    };
    return [added, ...(await inParallel(made.map((bundle) => () => run(bundle))))];
  });
}
