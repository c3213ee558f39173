#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstddef>
#include <cstdint>

#include "core/port.h"
#include "linux/descriptor.h"
#include "linux/own_proc.h"

#ifndef SYS_openat2
#define SYS_openat2 437
#endif

namespace impersonate::port {
namespace {

using linux_port::Descriptor;
using linux_port::DescriptorPath;

// <linux/openat2.h>, which the system that this is built on need not have.
struct OpenHow {
  std::uint64_t flags, mode, resolve;
};
constexpr std::uint64_t kAnyLink = 0, kNoMagicLinks = 2;

// What open(2) takes; openat2(2) fails where there is more.
constexpr int kWithPath = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
constexpr int kKnown = kWithPath | O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND | O_NONBLOCK |
                       O_SYNC | O_DSYNC | O_ASYNC | O_DIRECT | O_NOATIME | O_TMPFILE;

int OpenBy(const std::string& path, int flags, int mode, std::uint64_t resolve) noexcept {
  flags &= (flags & O_PATH) ? kWithPath : kKnown;
  const bool creates = (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE;
  const OpenHow how{static_cast<std::uint64_t>(flags | O_CLOEXEC),
                    creates ? static_cast<std::uint64_t>(mode & 07777) : 0, resolve};
  long fd = -1;
  do {
    fd = ::syscall(SYS_openat2, AT_FDCWD, path.c_str(), &how, sizeof(how));
  } while (fd < 0 && errno == EINTR);
  return fd < 0 ? -errno : static_cast<int>(fd);
}

// A magic link is EACCES; links without end, or one that must not be followed, are ELOOP as ever.
int LoopOrMagicLink(const std::string& path, int flags) {
  const int where = O_PATH | (flags & (O_NOFOLLOW | O_DIRECTORY));
  if (flags & O_NOFOLLOW) {
    const Descriptor itself(OpenBy(path, where, 0, kNoMagicLinks));
    if (itself.get() >= 0 && !linux_port::IsOwnProc(itself.get())) return -ELOOP;
  }
  const Descriptor beyond(OpenBy(path, where, 0, kAnyLink));
  return beyond.get() == -ELOOP ? -ELOOP : -EACCES;
}

// The path from the root, which the kernel checks from there on.
int Absolute(const std::string& path, std::string& absolute) {
  absolute = path;
  if (path.empty()) return -ENOENT;
  if (path.front() != '/') {
    std::array<char, PATH_MAX> current{};
    if (!::getcwd(current.data(), current.size())) return -errno;
    if (current.front() != '/') return -ENOENT;
    absolute = std::string(current.data()) + "/" + path;
  }
  return absolute.size() < PATH_MAX ? 0 : -ENAMETOOLONG;
}

// A descriptor of what is at the absolute path, whatever it is, or a negative errno.
int Find(const std::string& path, int flags) {
  const int fd = OpenBy(path, O_PATH | flags, 0, kNoMagicLinks);
  if (fd == -ELOOP) return LoopOrMagicLink(path, flags);
  Descriptor found(fd);
  if (fd >= 0 && linux_port::IsOwnProc(fd)) return -EACCES;
  found.Release();
  return fd;
}

// In /proc it is the opening that lasts: of a thread that has ended since, nothing shows whose it was. So the
// entry is checked before it is opened.
int OpenInProc(const std::string& path, int flags) {
  const Descriptor found(Find(path, 0));
  if (found.get() < 0) return found.get();
  const int changes = O_CREAT | O_EXCL | O_NOFOLLOW;
  return OpenBy(DescriptorPath(found.get()), flags & ~changes, 0, kAnyLink);
}

int OpenAsUser(const std::string& given, int flags, int mode) {
  std::string path;
  if (const int error = Absolute(given, path)) return error;
  if (flags & O_PATH) return Find(path, flags);
  const int fd = OpenBy(path, flags, mode, kNoMagicLinks);
  if (fd == -ELOOP) return LoopOrMagicLink(path, flags);
  Descriptor opened(fd);
  if (fd >= 0 && linux_port::IsOnProc(fd)) return OpenInProc(path, flags);
  opened.Release();
  return fd;
}

}  // namespace

GuardedPath::GuardedPath(const std::string& path, Last last) {
  std::string absolute;
  error_ = Absolute(path, absolute);
  if (error_ != 0) return;
  std::string name;
  int flags = last == Last::kItself ? O_NOFOLLOW : 0;
  const std::size_t end = absolute.find_last_not_of('/');
  if (last == Last::kEntry && end == std::string::npos) {
    // The root is no directory's entry.
    path_ = absolute;
    return;
  }
  if (last == Last::kEntry) {
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

}  // namespace impersonate::port
