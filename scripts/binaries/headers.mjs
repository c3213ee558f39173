import { run } from '../rig/command.mjs';

// Reads what the headers of a binary say, with LLVM's tools, which know all three formats.

const all = (text, pattern) => [...text.matchAll(pattern)].map(([, value]) => value);
/** A top-level list of llvm-readobj's output. */
const list = (text, name) => new RegExp(`^${name} \\[[^\\n]*\\n(.*?)^\\]`, 'ms').exec(text)?.[1] ?? '';
const symbolsOf = (text) =>
  text
    .split(/^ {2}\}\n/m)
    .map((block) => ({
      name: /^ {4}Name: ([^\s@(]+)/m.exec(block)?.[1],
      isUndefined: /^ {4}(?:Section: Undefined|Type: Undef)/m.test(block),
      isExternal: /^ {4}Binding: (?:Global|Weak)/m.test(block),
      isWeak: /^ {4}Binding: Weak/m.test(block),
    }))
    .filter(({ name }) => name);
const names = (symbols, keep) => symbols.filter(keep).map(({ name }) => name);
const libraries = (text) => all(list(text, 'NeededLibraries'), /^ +(\S+)$/gm);

async function elf(file) {
  const flags = ['--file-headers', '--sections', '--program-headers', '--dynamic-table', '--dyn-syms'];
  const text = await run('llvm-readobj', [...flags, '--version-info', '--needed-libs', file]);
  const dynamic = list(text, 'DynamicSection');
  const segments = list(text, 'ProgramHeaders').split(/^ {2}\}\n/m);
  const isExecutable = (segment) => segment.includes('PF_X');
  const stack = segments.find((segment) => segment.includes('PT_GNU_STACK'));
  const symbols = symbolsOf(list(text, 'DynamicSymbols'));
  return {
    machine: /Machine: (\w+)/.exec(text)?.[1],
    sections: all(list(text, 'Sections'), /^ {4}Name: (\S+)/gm),
    exports: names(symbols, ({ isUndefined, isExternal }) => !isUndefined && isExternal),
    imports: names(symbols, ({ isUndefined, isWeak }) => isUndefined && !isWeak),
    libraries: libraries(text),
    versions: all(list(text, 'VersionRequirements'), /^ {8}Name: (\S+)/gm),
    has: {
      'read-only relocations': segments.some((segment) => segment.includes('PT_GNU_RELRO')),
      'all symbols bound at load': /FLAGS_1 .*\bNOW\b/.test(dynamic),
      'no unloading': /FLAGS_1 .*\bNODELETE\b/.test(dynamic),
      'a stack without code': stack !== undefined && !isExecutable(stack),
      'no memory both writable and executable': !segments.some(
        (segment) => isExecutable(segment) && segment.includes('PF_W'),
      ),
      'no text relocations': !dynamic.includes('TEXTREL'),
      'no search path': !/\bR(?:UN)?PATH\b/.test(dynamic),
    },
  };
}

async function pe(file) {
  const flags = ['--file-headers', '--sections', '--coff-exports', '--coff-imports', '--coff-basereloc'];
  const text = await run('llvm-readobj', [...flags, '--coff-debug-directory', '--needed-libs', file]);
  const has = (flag) => text.includes(`IMAGE_DLL_CHARACTERISTICS_${flag} `);
  const is32 = text.includes('IMAGE_FILE_32BIT_MACHINE');
  const sections = list(text, 'Sections').split(/^ {2}\}\n/m);
  return {
    machine: /Machine: (\w+)/.exec(text)?.[1],
    sections: all(list(text, 'Sections'), /^ {4}Name: (\S+)/gm),
    exports: all(text, /^Export \{\n.*\n {2}Name: (\S+)/gm),
    imports: all(text, /^ {2}Symbol: (\S+)/gm),
    libraries: libraries(text),
    versions: [],
    has: {
      'no symbol table': /PointerToSymbolTable: 0x0$/m.test(text),
      'a random base': has('DYNAMIC_BASE') && /^ +Type: (?:DIR64|HIGHLOW)$/m.test(text),
      'data without code': has('NX_COMPAT'),
      'a base in 64 bits': is32 || has('HIGH_ENTROPY_VA'),
      'no memory both writable and executable': !sections.some(
        (section) => section.includes('IMAGE_SCN_MEM_WRITE') && section.includes('IMAGE_SCN_MEM_EXECUTE'),
      ),
      // Then the field of the time is a hash of the contents.
      'no time of the build': /Type: Repro /.test(text),
    },
  };
}

async function machO(file) {
  const text = await run('llvm-readobj', ['--file-headers', '--sections', '--symbols', file]);
  const more = await run('llvm-objdump', [
    '--macho',
    '--exports-trie',
    '--dylibs-used',
    '--private-headers',
    file,
  ]);
  const symbols = symbolsOf(list(text, 'Symbols'));
  return {
    machine: /CpuType: (\S+)/.exec(text)?.[1],
    sections: all(list(text, 'Sections'), /^ {4}Name: (\S+)/gm),
    exports: all(more, /^0x[0-9A-F]+ +_(\S+)/gm),
    imports: names(symbols, ({ isUndefined }) => isUndefined).map((name) => name.slice(1)),
    libraries: all(more, /^\t(\S+) \(compatibility version/gm),
    versions: all(more, /^ +minos (\S+)/gm),
    has: {
      'symbols by library': text.includes('MH_TWOLEVEL'),
      'no code on the stack': !text.includes('MH_ALLOW_STACK_EXECUTION'),
      'no search path': !more.includes('LC_RPATH'),
    },
  };
}

const readers = { win32: pe, linux: elf, unsupported: machO };

/**
 * Reads the headers of a target's binary: its machine, the names of its sections, exports, imports and libraries, the
 * versions that it needs of the system, and `has`, properties that are true or false.
 */
export const readHeaders = (file, { port }) => readers[port](file);

// The jump through the import pointer, as host-imports.mjs writes it, with the address of the pointer.
const jumps = {
  x64: { pattern: /jmpq\s+\*.*# 0x([0-9a-f]+)/g, address: ([, at]) => parseInt(at, 16), size: 8 },
  ia32: { pattern: /jmpl\s+\*(0x[0-9a-f]+|\d+)$/gm, address: ([, at]) => Number(at), size: 4 },
  arm64: {
    pattern: /adrp\s+x16, 0x([0-9a-f]+).*\n.*ldr\s+x16, \[x16(?:, #(0x[0-9a-f]+|\d+))?\].*\n.*br\s+x16/g,
    address: ([, page, offset = 0]) => parseInt(page, 16) + Number(offset),
    size: 8,
  },
};

/** Returns the greatest number of jumps in a row through pointers that follow one another. */
export async function countTrampolines(file, { arch }) {
  const text = await run('llvm-objdump', ['-d', '--no-show-raw-insn', '--section=.text', file]);
  const { pattern, address, size } = jumps[arch];
  let longest = 0;
  let length = 0;
  let last = Number.NaN;
  for (const found of text.matchAll(pattern)) {
    length = address(found) === last + size ? length + 1 : 1;
    last = address(found);
    longest = Math.max(longest, length);
  }
  return longest;
}
