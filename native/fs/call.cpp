#include "fs/call.h"

#include <cstddef>
#include <cstring>
#include <iterator>

#include "core/error.h"
#include "fs/operations.h"
#include "fs/request.h"

namespace impersonate::fs {
namespace {

using A = Argument;

}  // namespace

const Operation kOperations[] = {
    {"access", {A::kPath, A::kFirst}, Access},
    {"chmod", {A::kPath, A::kFirst}, Chmod},
    {"chown", {A::kPath, A::kFirst, A::kSecond}, Chown},
    {"close", {A::kFirst}, Close},
    {"closedir", {A::kDirectory}, CloseDir},
    {"copyfile", {A::kPath, A::kDest, A::kFirst}, CopyFile},
    {"fchmod", {A::kFirst, A::kSecond}, FChmod},
    {"fchown", {A::kFirst, A::kSecond, A::kThird}, FChown},
    {"futime", {A::kFirst, A::kTimes}, FUtime},
    {"lchown", {A::kPath, A::kFirst, A::kSecond}, LChown},
    {"guard", {A::kPath, A::kFirst, A::kForm}, Guard},
    {"link", {A::kPath, A::kDest}, Link},
    {"lstat", {A::kPath, A::kForm}, LStat},
    {"lutime", {A::kPath, A::kTimes}, LUtime},
    {"mkdir", {A::kPath, A::kFirst}, MkDir},
    {"mkdtemp", {A::kPath, A::kForm}, MkDTemp},
    {"open", {A::kPath, A::kFirst, A::kSecond}, Open},
    {"opendir", {A::kPath}, OpenDir},
    {"readdir", {A::kDirectory, A::kFirst, A::kForm}, ReadDir},
    {"readfile", {A::kPath, A::kFirst, A::kSecond, A::kThird}, ReadFile},
    {"readlink", {A::kPath, A::kForm}, ReadLink},
    {"realpath", {A::kPath, A::kForm}, RealPath},
    {"rename", {A::kPath, A::kDest}, Rename},
    {"rmdir", {A::kPath}, RmDir},
    {"scandir", {A::kPath, A::kForm}, ScanDir},
    {"stat", {A::kPath, A::kForm}, Stat},
    {"statfs", {A::kPath, A::kForm}, StatFs},
    {"symlink", {A::kPath, A::kDest, A::kFirst}, SymLink},
    {"unlink", {A::kPath}, Unlink},
    {"utime", {A::kPath, A::kTimes}, UTime},
    {"writefile", {A::kPath, A::kFirst, A::kSecond, A::kData}, WriteFile},
};
const std::size_t kOperationCount = std::size(kOperations);

int CloseDescriptor(int fd) noexcept {
  Request request;
  return uv_fs_close(nullptr, request.get(), fd, nullptr);
}

std::uint64_t FragmentSize(const uv_statfs_t& stat) noexcept {
  // The header may be older than the libuv at run time: since 1.52 a field that was spare before is f_frsize.
  constexpr unsigned kSince = (1U << 16) | (52U << 8);
  constexpr std::size_t kPlace = offsetof(uv_statfs_t, f_ffree) + sizeof(stat.f_ffree);
  static_assert(kPlace + sizeof(std::uint64_t) <= sizeof(uv_statfs_t), "libuv has room behind f_ffree");
  std::uint64_t size = 0;
  if (uv_version() >= kSince) {
    std::memcpy(&size, reinterpret_cast<const char*>(&stat) + kPlace, sizeof(size));
  }
  return size;
}

void CheckLayout() {
  if (uv_req_size(UV_FS) == sizeof(uv_fs_t)) return;
  throw Error(
      "ERR_UNSUPPORTED_PLATFORM",
      "The libuv of this Node has structures of another size than those that impersonate was built for");
}

}  // namespace impersonate::fs
