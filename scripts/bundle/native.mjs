import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { listFiles } from '../support/files.mjs';
import { root } from '../support/root.mjs';

const ports = ['win32', 'linux', 'unsupported'];
const rooms = ['core', 'fs', 'napi', 'pool'];

// Returns the sources of a port as one text, each header in the place of its first inclusion.
function amalgamate(port) {
  const seen = new Set();
  const textOf = (file) => {
    seen.add(file);
    const lines = readFileSync(path.join(root, file), 'utf8').split('\n');
    const text = lines.flatMap((line) => {
      if (line === '#pragma once') return [];
      const included = /^#include "([^"]+)"/.exec(line)?.[1];
      if (included === undefined) return [line];
      const header = path.posix.join('native', included);
      return seen.has(header) ? [] : [textOf(header)];
    });
    return [`// ${file}`, ...text].join('\n');
  };
  const sources = [...rooms, port].flatMap((room) => listFiles(`native/${room}`, /\.cpp$/));
  return sources.map(textOf).join('\n');
}

// The tarball has these to compile the addon from, where it has no binary.
export function amalgamateNative(folder) {
  mkdirSync(folder, { recursive: true });
  for (const port of ports) writeFileSync(path.join(folder, `${port}.cpp`), amalgamate(port));
}
