import path from 'node:path';

const words = (text) => text.trim().split(/\s+/);

// The standard library: C++17's own headers, and C's under both names.
const cHeaders = words(`assert complex ctype errno fenv float inttypes iso646 limits locale math setjmp signal
  stdalign stdarg stdbool stddef stdint stdio stdlib string tgmath time uchar wchar wctype`);
const standard = new Set([
  ...cHeaders.flatMap((name) => [`c${name}`, `${name}.h`]),
  ...words(`algorithm any array atomic bitset charconv chrono codecvt complex condition_variable deque exception
    execution filesystem forward_list fstream functional future initializer_list iomanip ios iosfwd iostream
    istream iterator limits list locale map memory memory_resource mutex new numeric optional ostream queue
    random ratio regex scoped_allocator set shared_mutex sstream stack stdexcept streambuf string string_view
    strstream system_error thread tuple type_traits typeindex typeinfo unordered_map unordered_set utility
    valarray variant vector`),
]);
const nodeApi = /^(?:napi(?:-inl)?\.h|(?:js_native|node)_api(?:_types)?\.h)$/;
const libuv = /^uv(?:\.h|\/[\w-]+\.h)$/;
const windows = new Set(
  words(`accctrl.h aclapi.h authz.h bcrypt.h delayimp.h dpapi.h dsgetdc.h errhandlingapi.h fileapi.h handleapi.h
    intrin.h io.h iphlpapi.h libloaderapi.h lm.h lmaccess.h lmapibuf.h lmcons.h lmerr.h lsalookup.h mstcpip.h
    namedpipeapi.h ntdef.h ntlsa.h ntsecapi.h ntsecpkg.h ntstatus.h objbase.h processthreadsapi.h psapi.h rpc.h schannel.h
    sddl.h sdkddkver.h secext.h security.h securitybaseapi.h shlobj.h sspi.h tlhelp32.h userenv.h versionhelpers.h
    winbase.h wincred.h windows.h winerror.h winioctl.h winnt.h winsock2.h winsvc.h winternl.h ws2def.h
    ws2tcpip.h wtsapi32.h`),
);
const posix = new Set(
  words(`dirent.h dlfcn.h fcntl.h fnmatch.h ftw.h glob.h grp.h libgen.h link.h netdb.h nsswitch.h nss.h poll.h
    pthread.h pwd.h sched.h semaphore.h shadow.h spawn.h syslog.h termios.h ucontext.h unistd.h utime.h`),
);
const posixFolder = /^(?:arpa|asm|gnu|linux|net|netinet|security|sys)\/[\w/-]+\.h$/;

// What each layer may include, and the rooms that it has: folders by subject, without an order among them.
export const layers = {
  core: { headers: ['standard'], folders: ['core'], rooms: ['port'] },
  fs: { headers: ['standard', 'libuv'], folders: ['core', 'fs'], rooms: [] },
  pool: { headers: ['standard'], folders: ['core', 'pool'], rooms: [] },
  napi: {
    headers: ['standard', 'nodeApi', 'libuv'],
    folders: ['core', 'fs', 'napi', 'pool'],
    rooms: [],
  },
  linux: {
    headers: ['standard', 'posix'],
    folders: ['core', 'linux'],
    rooms: ['credentials', 'gssapi', 'pam', 'path', 'program', 'session', 'thread', 'token'],
  },
  win32: {
    // The descriptors of a Windows process are those of its host's runtime, which libuv calls.
    headers: ['standard', 'windows', 'libuv'],
    folders: ['core', 'win32'],
    rooms: ['logon', 'pipe', 'program', 'sspi', 'thread', 'token'],
  },
  unsupported: { headers: ['standard'], folders: ['core', 'unsupported'], rooms: [] },
};
const portHeader = /^native\/core\/port\/(\w+)\.h$/;
// One file there implements all of them.
const portsByHeader = ['linux', 'win32'];

// Calls that change or read an identity, each with the only layer that may make them.
const called = (names) => new RegExp(`\\b(?:${names.join('|')})(?=\\s*\\()`, 'g');
const identityCalls = [
  { layer: 'linux', pattern: /\b(?:SYS|__NR)_(?:set\w*[ug]id|setgroups|capset|prctl)\w*/g },
  {
    layer: 'linux',
    pattern: called(['set(?:fs|re|res|e)?[ug]id', 'setgroups', 'initgroups', 'capset', 'prctl']),
  },
  {
    layer: 'win32',
    pattern: called([
      ...['SetThreadToken', 'RevertToSelf', 'Impersonate[A-Z]\\w*(?:Token|Self|User|Client|Context)'],
      ...['LogonUser\\w*', 'LsaLogonUser', '(?:Nt|Zw)\\w*Token\\w*'],
    ]),
  },
];

function headerKind(name) {
  const lower = name.toLowerCase(); // Windows header names have no case
  if (standard.has(name)) return 'standard';
  if (nodeApi.test(name)) return 'nodeApi';
  if (libuv.test(name)) return 'libuv';
  if (windows.has(lower)) return 'windows';
  if (posix.has(name) || posixFolder.test(name)) return 'posix';
  return 'unknown';
}

const comments = /\/\/[^\n]*|\/\*[^]*?\*\//.source;
const rawStrings = /R"([^\s()\\]*)\([^]*?\)\1"/.source;
const literals = /"(?:\\.|[^"\\\n])*"|(?<![\da-fA-F])'(?:\\.|[^'\\\n])*'/.source;
const lexemes = new RegExp(`${comments}|${rawStrings}|${literals}`, 'g');
const blank = (text) => text.replace(/[^\n]/g, ' ');

const withoutComments = (source) =>
  source.replace(lexemes, (text) => (text.startsWith('/') || text.startsWith('R') ? blank(text) : text));
const withoutText = (source) => source.replace(lexemes, blank);

function* matches(text, pattern) {
  for (const match of text.matchAll(pattern)) {
    yield { match, line: text.slice(0, match.index).split('\n').length };
  }
}

// Returns the project's file of a quoted include; null if the include is of another project.
function ownFile(file, name, exists) {
  const beside = path.posix.join(path.posix.dirname(file), name);
  const fromNative = path.posix.join('native', name);
  return [beside, fromNative].find(exists) ?? null;
}

function includeProblem(file, operand, rule, exists) {
  const [, opening, name] = /^([<"])([^>"]+)[>"]/.exec(operand) ?? [];
  if (name === undefined) return `computed include ${operand.trim()}`;
  const own = opening === '"' ? ownFile(file, name, exists) : null;
  if (own !== null) {
    const folder = /^native\/(\w+)\//.exec(own)?.[1];
    return rule.folders.includes(folder) ? null : `includes ${own}`;
  }
  const kind = headerKind(name);
  if (kind === 'unknown') return `includes ${name}, which scripts/support/native-layers.mjs does not know`;
  return rule.headers.includes(kind) ? null : `includes <${name}>`;
}

// Returns the forbidden uses in a native source, as `file:line: problem`. `exists` returns whether the project has a
// file of that path.
export function nativeLayerProblems(file, source, exists) {
  const [, layer, room] = /^native\/(\w+)\/(?:(.+)\/)?[^/]+$/.exec(file) ?? [];
  const rule = layers[layer];
  if (rule === undefined) return [`${file}:1: belongs to no layer`];
  if (room !== undefined && !rule.rooms.includes(room))
    return [`${file}:1: native/${layer} has no room ${room}`];
  const found = [];
  for (const { match, line } of matches(
    withoutComments(source),
    /^[ \t]*(?:#|%:)[ \t]*include\w*\b(.*)$/gm,
  )) {
    const problem = includeProblem(file, match[1].trim(), rule, exists);
    if (problem !== null) found.push({ line, problem });
  }
  for (const { layer: owner, pattern } of identityCalls.filter((call) => call.layer !== layer)) {
    for (const { match, line } of matches(withoutText(source), pattern)) {
      found.push({ line, problem: `uses ${match[0]}, which only native/${owner} may` });
    }
  }
  return found.map(({ line, problem }) => `${file}:${line}: ${problem}`);
}

// The headers of native/core/port that a port does not implement in the file of their name, as `file:line: problem`.
export function portProblems(files) {
  const headers = files.map((file) => portHeader.exec(file)?.[1]).filter((name) => name !== undefined);
  return headers.flatMap((name) =>
    portsByHeader
      .filter(
        (port) => !files.some((file) => file.startsWith(`native/${port}/`) && file.endsWith(`/${name}.cpp`)),
      )
      .map((port) => `native/core/port/${name}.h:1: native/${port} has no ${name}.cpp that implements it`),
  );
}
