import { readFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { rigFolder } from '../rig/paths.mjs';
import { hostFunctions } from '../support/node-headers.mjs';
import { root } from '../support/root.mjs';
import { run } from '../rig/command.mjs';
import { countTrampolines, readHeaders } from './headers.mjs';

let functions;
const host = () => (functions ??= new Set(hostFunctions(path.join(root, 'cmake', 'uv-functions.txt'))));
const machines = {
  win32: {
    x64: 'IMAGE_FILE_MACHINE_AMD64',
    arm64: 'IMAGE_FILE_MACHINE_ARM64',
    ia32: 'IMAGE_FILE_MACHINE_I386',
  },
  linux: { x64: 'EM_X86_64', arm64: 'EM_AARCH64' },
  unsupported: { x64: 'X86-64', arm64: 'Arm64' },
};

const entryPoints = ['napi_register_module_v1', 'node_api_module_get_api_version_v1'];
const ours = { win32: ['impersonate_serving_copy'], linux: ['impersonate_serving_copy'], unsupported: [] };
// What zig's linker exports besides, and cannot be kept from: on Windows, where names belong to a library and replace
// none of another, the unwinder; on macOS the weak operators new and delete.
const besides = {
  win32: /^_*(?:Unwind_|unw_|GCC_specific_handler$)/,
  linux: /^$/,
  unsupported: /^(?:_Z(?:n[wa]|d[la])\w*|__dso_handle|_mh_dylib_header)$/,
};

const systemLibraries = {
  win32: /^(?:kernel32|advapi32|secur32|ntdll|api-ms-win-crt-[a-z]+-l1-1-0)\.dll$/i,
  glibc: /^(?:lib(?:c|m|dl|pthread)\.so\.\d|ld-linux-(?:x86-64|aarch64)\.so\.\d)$/,
  musl: /^libc\.so$/,
  unsupported: /^(?:\/usr\/lib\/libSystem\.B\.dylib|@rpath\/impersonate\.node)$/,
};

const newest = { glibc: [2, 28], macos: [11, 0] };
const isNewer = (version, [major, minor]) => {
  const [first, second = 0] = version.split('.').map(Number);
  return first > major || (first === major && second > minor);
};

/** The versions of the system that a binary needs and that are newer than the table of docs/install.md says. */
function tooNew({ versions }, { port }) {
  if (port === 'unsupported') return versions.filter((version) => isNewer(version, newest.macos));
  return versions.filter((name) => !name.startsWith('GLIBC_') || isNewer(name.slice(6), newest.glibc));
}

const libcOf = ({ port, zig }) => (port !== 'linux' ? port : zig.endsWith('musl') ? 'musl' : 'glibc');

/** The names that a musl binary imports, and neither its host nor musl has. Musl has no versions of symbols. */
async function unknownToMusl({ imports }, musl) {
  const text = await run('llvm-readobj', ['--dyn-syms', musl]);
  const known = new Set([...text.matchAll(/^ {4}Name: (\S+)/gm)].map(([, name]) => name));
  return imports.filter((name) => !host().has(name) && !known.has(name));
}

const isUnknownToHost = (name) => /^(?:napi|node_api|uv)_/.test(name) && !host().has(name);
const shown = (names) => names.slice(0, 10).join(', ');

/**
 * Checks the headers of a target's binary. `musl` is musl's library. Returns [name, problem] of each check; the problem
 * is '' if there is none.
 */
export async function checkBinary(file, target, musl) {
  const { port, arch } = target;
  const headers = await readHeaders(file, target);
  const required = [...entryPoints, ...ours[port]];
  const surplus = headers.exports.filter((name) => !required.includes(name) && !besides[port].test(name));
  const missing = required.filter((name) => !headers.exports.includes(name));
  const foreign = headers.libraries.filter((name) => !systemLibraries[libcOf(target)].test(name));
  const debug = headers.sections.filter((name) => /^\.?(?:symtab|z?debug|stab|_+debug)/.test(name));
  const bytes = await readFile(file);
  const paths = [root, rigFolder, path.join(os.tmpdir(), 'prebuild-')].filter((text) => bytes.includes(text));
  const checks = [
    ['machine', headers.machine === machines[port][arch] ? [] : [String(headers.machine)]],
    ['no debug information', debug],
    ['exports', [...surplus.map((name) => `has ${name}`), ...missing.map((name) => `lacks ${name}`)]],
    ['system libraries only', headers.libraries.length > 0 ? foreign : ['none found']],
    ['functions of Node-API 8 and libuv', headers.imports.filter(isUnknownToHost)],
    ['versions', tooNew(headers, target)],
    ['no paths of the build', paths],
    ...Object.entries(headers.has).map(([name, has]) => [name, has ? [] : ['it is not so']]),
  ];
  if (libcOf(target) === 'musl') checks.push(['symbols of musl', await unknownToMusl(headers, musl)]);
  if (port === 'win32') {
    const count = await countTrampolines(file, target);
    checks.push(['trampolines', count === host().size ? [] : [`${count} of ${host().size}`]]);
  }
  return checks.map(([name, problems]) => [name, shown(problems)]);
}
