import { readFileSync } from 'node:fs';
import path from 'node:path';
import { isMain, report } from './support/check.mjs';
import { listFiles } from './support/files.mjs';
import { misjudgedSamples } from './support/layer-samples.mjs';
import { libFloorProblems, libLayerProblems } from './support/lib-layers.mjs';
import { nativeLayerProblems, portProblems } from './support/native-layers.mjs';
import { root } from './support/root.mjs';

const read = (file) => readFileSync(path.join(root, file), 'utf8');

// Returns forbidden includes, imports and identity calls in native/ and lib/, and imports against the layers; '' if
// none. The rules are first tested on samples.
export function checkLayers() {
  const native = listFiles('native', /\.(?:h|hh|hpp|inc|ipp|c|cc|cpp|cxx|s)$/i);
  const lib = listFiles('lib', /\.[cm]?[jt]sx?$/);
  const known = new Set(native);
  return [
    ...misjudgedSamples(),
    ...native.flatMap((file) => nativeLayerProblems(file, read(file), (name) => known.has(name))),
    ...portProblems(native),
    ...lib.flatMap((file) => libLayerProblems(file, read(file))),
    ...libFloorProblems(new Map(lib.map((file) => [file, read(file)]))),
  ].join('\n');
}

if (isMain(import.meta.url)) report('layers', checkLayers());
