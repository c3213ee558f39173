import { libFloorProblems, libLayerProblems } from './lib-layers.mjs';
import { nativeLayerProblems } from './native-layers.mjs';

const tree = new Set([
  'native/core/port/thread.h',
  'native/fs/call.h',
  'native/napi/bindings.h',
  'native/linux/thread/switch.h',
  'native/pool/job_queue.h',
  'native/win32/handle.h',
]);

// Sample sources, each with the expected result of the rules: no problem, or one problem with these words.
const samples = [
  [
    'native/core/a.h',
    '#include <mutex>\n#include <cstdint>\n#include "core/port/thread.h"\n#include "port/thread.h"\n',
    null,
  ],
  ['native/core/a.h', '#include <unistd.h>', '<unistd.h>'],
  ['native/core/a.h', '  #  include <windows.h>', '<windows.h>'],
  ['native/core/a.h', '#include "windows.h"', '<windows.h>'],
  ['native/core/a.h', '#include <napi.h>', '<napi.h>'],
  ['native/core/a.h', '#include "napi/bindings.h"', 'native/napi/bindings.h'],
  ['native/core/a.h', '#include "../linux/thread/switch.h"', 'native/linux/thread/switch.h'],
  ['native/core/a.h', '#include <mystery.h>', 'does not know'],
  ['native/core/a.h', '#include "fs/call.h"', 'native/fs/call.h'],
  [
    'native/fs/a.cpp',
    '#include <uv.h>\n#include <string>\n#include "core/port/thread.h"\n#include "fs/call.h"',
    null,
  ],
  ['native/fs/a.cpp', '#include <napi.h>', '<napi.h>'],
  ['native/fs/a.cpp', '#include "napi/bindings.h"', 'native/napi/bindings.h'],
  ['native/napi/a.cpp', '#include "fs/call.h"', null],
  ['native/napi/a.cpp', '#include "pool/job_queue.h"', null],
  ['native/pool/a.cpp', '#include <mutex>\n#include "core/port/thread.h"', null],
  ['native/pool/a.cpp', '#include "fs/call.h"', 'native/fs/call.h'],
  ['native/pool/a.cpp', '#include <uv.h>', '<uv.h>'],
  ['native/fs/a.cpp', '#include "pool/job_queue.h"', 'native/pool/job_queue.h'],
  ['native/core/port/a.h', '#include "core/port/thread.h"', null],
  ['native/linux/path/a.cpp', '#include "linux/thread/switch.h"', null],
  ['native/linux/other/a.cpp', '', 'has no room other'],
  ['native/fs/path/a.cpp', '', 'has no room path'],
  ['native/linux/a.cpp', '#include <uv.h>', '<uv.h>'],
  ['native/core/a.h', '#include HEADER', 'computed include'],
  ['native/core/a.cpp', '// #include <napi.h>\n/*\n#include <uv.h>\n*/ const char* s = "setfsuid(0)";', null],
  ['native/core/a.cpp', "int n = 1'000'000;\nint x = setgroups(0, nullptr);", ':2: uses setgroups'],
  [
    'native/napi/a.cpp',
    '#include <napi.h>\n#include <uv.h>\n#include "core/port/thread.h"\n#include "bindings.h"',
    null,
  ],
  ['native/napi/a.cpp', '#include "linux/thread/switch.h"', 'native/linux/thread/switch.h'],
  ['native/napi/a.cpp', '#include "win32/handle.h"', 'native/win32/handle.h'],
  ['native/napi/a.cpp', '#include <sys/syscall.h>', '<sys/syscall.h>'],
  ['native/napi/a.cpp', 'if (::setresuid(0, 0, 0) != 0) return;', 'uses setresuid'],
  ['native/napi/a.cpp', 'const long n = SYS_setresuid;', 'uses SYS_setresuid'],
  ['native/napi/a.cpp', 'RevertToSelf();', 'uses RevertToSelf'],
  [
    'native/linux/a.cpp',
    '#include <sys/syscall.h>\n#include <grp.h>\nlong r = syscall(SYS_setfsuid, 0);',
    null,
  ],
  ['native/linux/a.cpp', '#include <node_api.h>', '<node_api.h>'],
  ['native/linux/a.cpp', '#include "napi/bindings.h"', 'native/napi/bindings.h'],
  ['native/linux/a.cpp', '#include <Windows.h>', '<Windows.h>'],
  [
    'native/win32/a.cpp',
    '#include <windows.h>\n#include "handle.h"\nbool ok = ::SetThreadToken(t, h);',
    null,
  ],
  ['native/win32/a.cpp', '#include <unistd.h>', '<unistd.h>'],
  ['native/win32/a.cpp', '#include "linux/thread/switch.h"', 'native/linux/thread/switch.h'],
  ['native/win32/a.cpp', '#include <napi.h>', '<napi.h>'],
  ['native/unsupported/a.cpp', '#include <pwd.h>', '<pwd.h>'],
  ['native/unsupported/a.cpp', '#include "core/port/thread.h"', null],
  ['native/a.cpp', '', 'belongs to no layer'],
  ['native/other/a.cpp', '', 'belongs to no layer'],
  [
    'lib/internal/binding.ts',
    "import bindings from 'bindings';\nimport type { Native } from '../types/native';",
    null,
  ],
  [
    'lib/a.ts',
    "import { inspect } from 'node:util';\nimport { x } from './binding';\nexport * from './b';",
    null,
  ],
  [
    'lib/a.ts',
    "import type { Native } from '../types/native';\nimport { type Stats } from 'node:readline';",
    null,
  ],
  ['lib/a.ts', "type T = import('node:readline').Stats;", null],
  ['lib/a.ts', "import bindings from 'bindings';", 'bindings'],
  ['lib/a.ts', "import { Native } from '../types/native';", 'types/native'],
  ['lib/a.ts', "import fs from 'node:readline';", 'node:readline'],
  ['lib/a.ts', "import fs, { type Stats } from 'node:readline';", 'node:readline'],
  ['lib/a.ts', "import 'node:repl';", 'node:repl'],
  ['lib/a.ts', "import { readFileSync } from 'fs';", 'imports fs'],
  ['lib/a.ts', "export { userInfo } from 'node:repl';", 'node:repl'],
  ['lib/a.ts', "import os = require('node:repl');", 'node:repl'],
  ['lib/a.ts', "const os = require('node:repl');", 'node:repl'],
  ['lib/a.ts', "const os = await import('node:repl');", 'node:repl'],
  ['lib/a.ts', "const where = require.resolve('koffi');", 'koffi'],
  ['lib/a.ts', 'const it = require(name);', 'computed'],
  ['lib/a.ts', "import tool from '../scripts/tool';", 'scripts/tool'],
  ['lib/a.ts', "const file = 'impersonate.node';", 'impersonate.node'],
  ['lib/internal/binding.ts', "require('../../prebuilds/linux-x64/node.napi.node');", null],
  ['lib/internal/a.ts', "import x from '../../prebuilds/manifest.json';", 'prebuilds/manifest'],
  ['lib/a.ts', 'process.dlopen(module, file);', 'process.dlopen'],
  ['lib/a.ts', "// import fs from 'node:readline';\nconst text = \"import fs from 'node:readline'\";", null],
];

function problemsOf(file, source) {
  if (file.startsWith('lib/')) return libLayerProblems(file, source);
  return nativeLayerProblems(file, source, (name) => tree.has(name));
}

// Sample trees of lib, each with the expected result of the check of floors.
const trees = [
  [
    {
      'lib/flow/a.ts': "import { b } from '../scope/b';",
      'lib/scope/b.ts': "import type { A } from '../flow/a';",
    },
    null,
  ],
  [{ 'lib/scope/b.ts': "import { a } from '../flow/a';", 'lib/flow/a.ts': '' }, 'lib/scope/b.ts:1: reverse'],
  [{ 'lib/peers/b.ts': "\nimport '../worker/a';", 'lib/worker/a.ts': '' }, 'lib/peers/b.ts:2: reverse'],
  [
    { 'lib/fs/b.ts': "export * from '../unrouted';", 'lib/unrouted.ts': '' },
    'faces is not on a floor below fs',
  ],
  [{ 'lib/new/b.ts': "import '../internal/a';", 'lib/internal/a.ts': '' }, 'lib/new is on no floor'],
  [
    { 'lib/fs/a.ts': "import './b';", 'lib/fs/b.ts': "import './c';", 'lib/fs/c.ts': "import './a';" },
    'closes the cycle',
  ],
  [
    { 'lib/index.mts': "import './index.js';", 'lib/index.ts': "import './token/t';", 'lib/token/t.ts': '' },
    null,
  ],
];

// Returns the samples that the rules classify wrongly.
export function misjudgedSamples() {
  const all = [
    ...samples.map(([file, source, words]) => ({
      shown: `${file} ${JSON.stringify(source)}`,
      words,
      problems: problemsOf(file, source),
    })),
    ...trees.map(([tree, words]) => ({
      shown: JSON.stringify(tree),
      words,
      problems: libFloorProblems(new Map(Object.entries(tree))),
    })),
  ];
  return all.flatMap(({ shown, words, problems }) => {
    const right =
      words === null ? problems.length === 0 : problems.length === 1 && problems[0].includes(words);
    if (right) return [];
    return [`sample ${shown}: wanted ${words}, got ${JSON.stringify(problems)}`];
  });
}
