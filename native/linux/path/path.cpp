#include "core/port/path.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <vector>

#include "linux/credentials/credentials.h"
#include "linux/credentials/system_calls.h"
#include "linux/path/descriptor.h"
#include "linux/path/own_proc.h"

#ifndef SYS_faccessat2
#define SYS_faccessat2 439
#endif
#ifndef SYS_openat2
#define SYS_openat2 437
#endif

namespace impersonate::port {
namespace {

namespace raw = linux_port::raw;
using linux_port::Descriptor;
using linux_port::DescriptorPath;
using linux_port::OpenAt;

// From <linux/openat2.h>, which the build system need not have.
struct OpenHow {
  std::uint64_t flags, mode, resolve;
};
constexpr std::uint64_t kNoMagicLinks = 2;

// The flags of open(2); openat2(2) fails if there are others.
constexpr int kWithPath = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
constexpr int kKnown = kWithPath | O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND | O_NONBLOCK |
                       O_SYNC | O_DSYNC | O_ASYNC | O_DIRECT | O_NOATIME | O_TMPFILE;

int CallOpenAt2(const char* path, int flags, int mode) noexcept {
  const bool creates = (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE;
  const OpenHow how{static_cast<std::uint64_t>(flags | O_CLOEXEC),
                    creates ? static_cast<std::uint64_t>(mode & 07777) : 0, kNoMagicLinks};
  long fd = -1;
  do {
    fd = ::syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));
  } while (fd < 0 && errno == EINTR);
  return fd < 0 ? -errno : static_cast<int>(fd);
}

// Whether openat2 fails with this error for every path: it is missing before Linux 5.6 (ENOSYS), and some
// system call filters reject it (EPERM). File systems can return both errors, too, and each thread has its
// own filters, so this is checked after each failed call, by a path that can always be opened.
bool IsOpenat2Unavailable(int error) noexcept {
  if (error != -ENOSYS && error != -EPERM) return false;
  return Descriptor(CallOpenAt2("/", O_PATH, 0)).get() == error;
}

int Open(const std::string& path, int flags, int mode) {
  flags &= (flags & O_PATH) ? kWithPath : kKnown;
  const int fd = CallOpenAt2(path.c_str(), flags, mode);
  return IsOpenat2Unavailable(fd) ? linux_port::OpenByComponents(path, flags, mode) : fd;
}

// The error for an open that failed with ELOOP: EACCES if a magic link is the reason; ELOOP for too many
// links, and for a link that must not be followed.
int LoopOrMagicLink(const std::string& path, int flags) {
  const int where = O_PATH | (flags & (O_NOFOLLOW | O_DIRECTORY));
  if (flags & O_NOFOLLOW) {
    const Descriptor itself(Open(path, where, 0));
    if (itself.get() >= 0 && !linux_port::IsOwnProcEntry(itself.get())) return -ELOOP;
  }
  const Descriptor beyond(OpenAt(AT_FDCWD, path, where, 0));
  return beyond.get() == -ELOOP ? -ELOOP : -EACCES;
}

// Makes the path absolute, so that the kernel checks every directory of it. Returns 0 or a negative errno.
int Absolute(const std::string& path, std::string& absolute) {
  absolute = path;
  if (path.empty()) return -ENOENT;
  if (path.front() != '/') {
    std::array<char, PATH_MAX> current{};
    if (!::getcwd(current.data(), current.size())) return -errno;
    absolute = std::string(current.data()) + "/" + path;
  }
  return absolute.size() < PATH_MAX ? 0 : -ENAMETOOLONG;
}

// Opens the absolute path with O_PATH. Returns a descriptor, or a negative errno.
int Find(const std::string& path, int flags) {
  const int fd = Open(path, O_PATH | flags, 0);
  if (fd == -ELOOP) return LoopOrMagicLink(path, flags);
  Descriptor found(fd);
  if (fd >= 0 && linux_port::IsOwnProcEntry(fd)) return -EACCES;
  found.Release();
  return fd;
}

// In /proc an open file outlives its task, and the owner of an ended thread's entry cannot be determined. So
// the entry is checked before it is opened.
int OpenInProc(const std::string& path, int flags) {
  const Descriptor found(Find(path, 0));
  if (found.get() < 0) return found.get();
  const int changes = O_CREAT | O_EXCL | O_NOFOLLOW;
  return OpenAt(AT_FDCWD, DescriptorPath(found.get()), flags & kKnown & ~changes, 0);
}

int OpenAsUser(const std::string& given, int flags, int mode) {
  std::string path;
  if (const int error = Absolute(given, path)) return error;
  if (flags & O_PATH) return Find(path, flags);
  const int fd = Open(path, flags, mode);
  if (fd == -ELOOP) return LoopOrMagicLink(path, flags);
  Descriptor opened(fd);
  if (fd >= 0 && linux_port::IsOnProc(fd)) return OpenInProc(path, flags);
  opened.Release();
  return fd;
}

bool HasGroup(gid_t gid) {
  if (raw::GetEgid() == gid) return true;
  std::vector<gid_t> groups;
  linux_port::ReadGroups(groups);
  return std::find(groups.begin(), groups.end(), gid) != groups.end();
}

// Checks owner, group and mode, without access control lists. The C library's own replacement checks the real
// uid.
int AccessByMode(const char* path, int mode) {
  struct stat status{};
  if (::stat(path, &status) != 0) return errno;
  const auto wanted = static_cast<mode_t>(mode) & 7U;
  constexpr mode_t kAnyExecute = 0111;
  const uid_t uid = raw::GetEuid();
  if (uid == 0) {
    const bool executes = S_ISDIR(status.st_mode) || (status.st_mode & kAnyExecute) != 0;
    return (wanted & X_OK) == 0 || executes ? 0 : EACCES;
  }
  const unsigned shift = uid == status.st_uid ? 6U : HasGroup(status.st_gid) ? 3U : 0U;
  return (wanted & ~(status.st_mode >> shift)) == 0 ? 0 : EACCES;
}

}  // namespace

GuardedPath::GuardedPath(const std::string& path, LastComponent last) {
  std::string absolute;
  error_ = Absolute(path, absolute);
  if (error_ != 0) return;
  std::string name;
  int flags = last == LastComponent::kItself ? O_NOFOLLOW : 0;
  const std::size_t end = absolute.find_last_not_of('/');
  if (last == LastComponent::kEntry && end == std::string::npos) {
    // The root is not an entry of a directory.
    path_ = absolute;
    return;
  }
  if (last == LastComponent::kEntry) {
    const std::size_t slash = absolute.rfind('/', end);
    name = absolute.substr(slash);
    absolute.erase(slash + 1);
    flags = O_DIRECTORY;
  }
  fd_ = Find(absolute, flags);
  error_ = std::min(fd_, 0);
  path_ = DescriptorPath(fd_) + name;
}

GuardedPath::GuardedPath(const std::string& path, int flags, int mode) : fd_(OpenAsUser(path, flags, mode)) {
  error_ = std::min(fd_, 0);
  path_ = DescriptorPath(fd_);
}

GuardedPath::~GuardedPath() {
  if (fd_ >= 0) ::close(fd_);
}

// access(2) checks the real uid, which is a reserved one while the thread acts as a user.
std::optional<int> AccessAsUser(const char* path, int mode) noexcept {
  if (::syscall(SYS_faccessat2, AT_FDCWD, path, mode, AT_EACCESS) == 0) return 0;
  // Before Linux 5.8 there is no such call, and system call filters that do not have it return EPERM, which
  // is not a result for a path.
  if (errno != ENOSYS && errno != EPERM) return errno;
  try {
    return AccessByMode(path, mode);
  } catch (const std::exception&) {
    return EACCES;
  }
}

}  // namespace impersonate::port
