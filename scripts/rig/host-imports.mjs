// node host-imports.mjs OUTPUT UV-FUNCTIONS [x64|ia32|arm64]
// Writes the files by which a Windows addon calls its host. OUTPUT.def lists the functions for MSVC's import library.
// OUTPUT.cpp is for mingw-w64 and needs neither import library nor delay loading (binutils 2.40's delay-load thunk
// loses the floating-point arguments). The functions are those of Node-API 8 and those listed in the file UV-FUNCTIONS.
import { writeFileSync } from 'node:fs';
import process from 'node:process';
import { hostFunctions } from '../support/node-headers.mjs';

const [output, uvFile, arch = 'x64'] = process.argv.slice(2);

const definition = (names) => ['NAME NODE.EXE', 'EXPORTS', ...names, ''].join('\n');

// The jump through the import pointer, by architecture. Names of 32-bit x86 have an underscore in front.
const jumps = {
  x64: (index) => ({
    prefix: '',
    pointer: `host_imports + ${8 * index}`,
    jump: [`jmp *host_imports+${8 * index}(%rip)`],
  }),
  ia32: (index) => ({
    prefix: '_',
    pointer: `_host_imports + ${4 * index}`,
    jump: [`jmp *_host_imports+${4 * index}`],
  }),
  arm64: (index) => ({
    prefix: '',
    pointer: `host_imports + ${8 * index}`,
    jump: [
      `adrp x16, host_imports+${8 * index}`,
      `ldr x16, [x16, :lo12:host_imports+${8 * index}]`,
      'br x16',
    ],
  }),
};

// A call through the import pointer (`__imp_x`) and a plain call (`x`) both end in the pointer of that name.
function trampoline(name, index) {
  const { prefix, pointer, jump } = jumps[arch](index);
  return [
    `.globl ${prefix}${name}`,
    `.def ${prefix}${name}; .scl 2; .type 32; .endef`,
    ...(arch === 'arm64' ? ['.p2align 2'] : []),
    `${prefix}${name}:`,
    ...jump,
    `.globl __imp_${prefix}${name}`,
    `.set __imp_${prefix}${name}, ${pointer}`,
  ];
}

const source = (names) => `// Made by host-imports.mjs.
#include <windows.h>

#include <cstddef>
#include <initializer_list>

extern "C" {
__attribute__((used)) FARPROC host_imports[${names.length}];
}

__asm__(
    ".text\\n"
${names
  .flatMap(trampoline)
  .map((line) => `    "${line}\\n"`)
  .join('\n')});

namespace {

const char* const kNames[] = {
${names.map((name) => `    "${name}",`).join('\n')}
};

bool bound = false;

// The first module that exports Node-API: a host may have node in a library.
HMODULE FindHost() {
  for (const wchar_t* name : {L"node.dll", L"libnode.dll"}) {
    HMODULE module = GetModuleHandleW(name);
    if (module != nullptr && GetProcAddress(module, kNames[0]) != nullptr) return module;
  }
  return GetModuleHandleW(nullptr);
}

// Runs before every constructor of the addon.
__attribute__((constructor(101))) void Bind() {
  HMODULE host = FindHost();
  bound = true;
  for (std::size_t i = 0; i < sizeof kNames / sizeof *kNames; i++) {
    host_imports[i] = GetProcAddress(host, kNames[i]);
    if (host_imports[i] == nullptr) bound = false;
  }
}

}  // namespace

// A host that lacks one of the functions cannot load the addon: ERROR_DLL_INIT_FAILED.
extern "C" BOOL WINAPI DllMain(HINSTANCE, DWORD, LPVOID) { return bound ? TRUE : FALSE; }
`;

const names = hostFunctions(uvFile);
writeFileSync(output, output.endsWith('.def') ? definition(names) : source(names));
