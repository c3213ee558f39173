import { readFileSync } from 'node:fs';
import path from 'node:path';
import { isMain, report } from './support/check.mjs';
import { listFiles } from './support/files.mjs';
import { misjudgedSamples } from './support/layer-samples.mjs';
import { libLayerProblems } from './support/lib-layers.mjs';
import { nativeLayerProblems, portProblems } from './support/native-layers.mjs';
import { root } from './support/root.mjs';

const read = (file) => readFileSync(path.join(root, file), 'utf8');

// Forbidden includes, imports and identity calls in native/ and lib/; '' if none. The rules are first tried
// on made-up sources.
export function checkLayers() {
  const native = listFiles('native', /\.(?:h|hh|hpp|inc|ipp|c|cc|cpp|cxx|s)$/i);
  const lib = listFiles('lib', /\.[cm]?[jt]sx?$/);
  const known = new Set(native);
  return [
    ...misjudgedSamples(),
    ...native.flatMap((file) => nativeLayerProblems(file, read(file), (name) => known.has(name))),
    ...portProblems(native),
    ...lib.flatMap((file) => libLayerProblems(file, read(file))),
  ].join('\n');
}

if (isMain(import.meta.url)) report('layers', checkLayers());
