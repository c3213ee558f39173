#include "linux/path/own_proc.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstddef>

#include "linux/path/descriptor.h"

namespace impersonate::linux_port {
namespace {

constexpr ino_t kProcRoot = 1;

bool IsRootOf(dev_t device, int directory) noexcept {
  struct stat found{};
  return ::fstat(directory, &found) == 0 && found.st_dev == device && found.st_ino == kProcRoot;
}

// The root of the mounted /proc that the absolute path is in, and the rest of the path.
Descriptor ProcRootOf(dev_t device, std::string path, std::string& rest) {
  path += '/';
  for (std::size_t end = 0; end != std::string::npos; end = path.find('/', end + 1)) {
    const std::string above = path.substr(0, std::max<std::size_t>(end, 1));
    Descriptor root(::open(above.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!IsRootOf(device, root.get())) continue;
    rest = path.substr(end + 1);
    return root;
  }
  return Descriptor(-1);
}

bool IsNumber(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
}

// Whether the number is the id of this process or one of its threads in that /proc, which may belong to
// another PID namespace, and which also has entries for thread ids.
bool IsOwnNumber(int root, const std::string& number) {
  const std::string self = LinkText(root, "self");
  if (self.empty()) return errno != ENOENT;
  if (number == self) return true;
  struct stat found{};
  const std::string thread = self + "/task/" + number;
  return ::fstatat(root, thread.c_str(), &found, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT;
}

std::string TakeName(std::string& path) {
  const std::size_t end = std::min(path.find('/'), path.size());
  const std::string name = path.substr(0, end);
  path.erase(0, end + 1);
  return name;
}

// Entries that every process of the user may read of this process, without a right to trace it. `stat` is not
// among them: the kernel omits addresses from it only for others.
bool IsPublicEntry(std::string below) {
  std::string name = TakeName(below);
  if (name == "task" && !below.empty()) {
    TakeName(below);
    name = TakeName(below);
  }
  return name == "net" || (below.empty() && (name == "status" || name == "mounts"));
}

}  // namespace

std::string LinkText(int directory, const char* path) {
  std::array<char, PATH_MAX> text{};
  const ssize_t size = ::readlinkat(directory, path, text.data(), text.size());
  if (size <= 0 || static_cast<std::size_t>(size) == text.size()) return {};
  return std::string(text.data(), static_cast<std::size_t>(size));
}

bool IsOnProc(int fd) noexcept {
  struct statfs system{};
  return ::fstatfs(fd, &system) != 0 || system.f_type == PROC_SUPER_MAGIC;
}

bool IsMagicLink(int link, int directory) noexcept {
  struct stat found{};
  return IsOnProc(link) && (::fstat(link, &found) != 0 || !IsRootOf(found.st_dev, directory));
}

bool IsOwnProcEntry(int fd) {
  if (!IsOnProc(fd)) return false;
  struct stat object{};
  if (::fstat(fd, &object) != 0) return true;
  const std::string path = LinkText(AT_FDCWD, DescriptorPath(fd).c_str());
  if (path.empty() || path.front() != '/') return true;
  std::string rest;
  const Descriptor root = ProcRootOf(object.st_dev, path, rest);
  if (root.get() < 0) return true;
  const std::string number = TakeName(rest);
  return IsNumber(number) && IsOwnNumber(root.get(), number) && !IsPublicEntry(rest);
}

}  // namespace impersonate::linux_port
