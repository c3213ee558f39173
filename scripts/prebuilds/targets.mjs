// What the tarball has a binary for. `zig` is the compiler's name of the target: Linux binaries need a C library no
// newer than the one that it names, and darwin ones a system no older.
const target = (zig, port, arch, folder, libc = '') => ({
  ...{ zig, port, arch },
  file: `prebuilds/${folder}/node.napi${libc && `.${libc}`}.node`,
});

export const targets = {
  'win32-x64': target('x86_64-windows-gnu', 'win32', 'x64', 'win32-x64'),
  'win32-arm64': target('aarch64-windows-gnu', 'win32', 'arm64', 'win32-arm64'),
  'win32-ia32': target('x86-windows-gnu', 'win32', 'ia32', 'win32-ia32'),
  'linux-x64': target('x86_64-linux-gnu.2.28', 'linux', 'x64', 'linux-x64'),
  'linux-arm64': target('aarch64-linux-gnu.2.28', 'linux', 'arm64', 'linux-arm64'),
  'linux-x64-musl': target('x86_64-linux-musl', 'linux', 'x64', 'linux-x64', 'musl'),
  'linux-arm64-musl': target('aarch64-linux-musl', 'linux', 'arm64', 'linux-arm64', 'musl'),
  'darwin-x64': target('x86_64-macos.11.0', 'unsupported', 'x64', 'darwin-x64'),
  'darwin-arm64': target('aarch64-macos.11.0', 'unsupported', 'arm64', 'darwin-arm64'),
};
