#include "linux/path/descriptor.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <utility>

#include "linux/path/own_proc.h"

namespace impersonate::linux_port {
namespace {

// The kernel's limit for one path.
constexpr int kMaxLinks = 40;
// ST_NOSYMFOLLOW, which some C libraries do not define.
constexpr long kNoLinksOnMount = 0x2000;

// Opens the entry without following it. If it must be a directory, it is opened with O_DIRECTORY first:
// otherwise the kernel does not mount a file system that is mounted on demand.
int FindEntry(int directory, const std::string& name, bool must_be_directory) noexcept {
  constexpr int kItself = O_PATH | O_NOFOLLOW;
  if (must_be_directory) {
    const int fd = OpenAt(directory, name, kItself | O_DIRECTORY, 0);
    if (fd != -ENOTDIR) return fd;
  }
  return OpenAt(directory, name, kItself, 0);
}

// Whether the administrator has switched fs.protected_symlinks off.
bool IsUnprotected() noexcept {
  const Descriptor setting(OpenAt(AT_FDCWD, "/proc/sys/fs/protected_symlinks", O_RDONLY, 0));
  char value = '1';
  return ::read(setting.get(), &value, 1) == 1 && value == '0';
}

// Whether fs.protected_symlinks forbids the link: at the end of a path, another user's link in a folder like
// /tmp is not followed.
bool IsProtected(const struct stat& link, int directory) noexcept {
  constexpr mode_t kShared = S_ISVTX | S_IWOTH;
  struct stat above{};
  if (::fstat(directory, &above) != 0) return true;
  return link.st_uid != ::geteuid() && (above.st_mode & kShared) == kShared && link.st_uid != above.st_uid &&
         !IsUnprotected();
}

// The text of the link, or an empty string and a negative errno.
std::string Follow(int link, int directory, int& error) {
  struct statfs system{};
  if (::fstatfs(link, &system) != 0) {
    error = -errno;
    return {};
  }
  error = (system.f_flags & kNoLinksOnMount) || IsMagicLink(link, directory) ? -ELOOP : 0;
  if (error != 0) return {};
  errno = 0;
  std::string text = LinkText(link, "");
  if (text.empty()) error = errno != 0 ? -errno : -ENOENT;
  return text;
}

}  // namespace

int OpenAt(int directory, const std::string& path, int flags, int mode) noexcept {
  int fd = -1;
  do {
    fd = ::openat(directory, path.c_str(), flags | O_CLOEXEC, static_cast<mode_t>(mode));
  } while (fd < 0 && errno == EINTR);
  return fd < 0 ? -errno : fd;
}

std::optional<std::string> ReadProcFile(const char* path) {
  const Descriptor file(OpenAt(AT_FDCWD, path, O_RDONLY, 0));
  std::string text;
  char part[512];
  while (true) {
    const ssize_t count = ::read(file.get(), part, sizeof part);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return std::nullopt;
    if (count == 0) return text;
    text.append(part, static_cast<std::size_t>(count));
  }
}

int OpenByComponents(const std::string& path, int flags, int mode) {
  const bool creates = flags & O_CREAT;
  const bool follows = !(flags & O_NOFOLLOW) && !(creates && (flags & O_EXCL));
  std::string rest = path;
  Descriptor at(-1);
  for (int links = 0; links <= kMaxLinks;) {
    const std::size_t start = rest.find_first_not_of('/');
    if (start == std::string::npos) return OpenAt(AT_FDCWD, "/", flags, mode);
    if (start > 0) at = Descriptor(OpenAt(AT_FDCWD, "/", O_PATH | O_DIRECTORY, 0));
    const std::size_t end = std::min(rest.find('/', start), rest.size());
    const std::size_t next = rest.find_first_not_of('/', end);
    const bool is_last = next == std::string::npos, has_slash = end < rest.size();
    const std::string name = rest.substr(start, end - start);

    // The kernel makes an open that follows no link. With O_CREAT, a slash at the end is EISDIR whether or
    // not the entry exists.
    if (is_last && creates && has_slash) return OpenAt(at.get(), name + "/", flags | O_NOFOLLOW, mode);
    if (is_last && !follows && !has_slash) return OpenAt(at.get(), name, flags | O_NOFOLLOW, mode);

    const bool must_be_directory = has_slash || (flags & O_DIRECTORY);
    Descriptor entry(FindEntry(at.get(), name, must_be_directory));
    struct stat found{};
    if (entry.get() >= 0 && ::fstat(entry.get(), &found) != 0) return -errno;
    if (S_ISLNK(found.st_mode)) {
      if (++links > kMaxLinks) break;
      if (is_last && IsProtected(found, at.get())) return -EACCES;
      int error = 0;
      rest.replace(0, end, Follow(entry.get(), at.get(), error));
      if (error != 0) return error;
    } else if (!is_last) {
      if (entry.get() < 0) return entry.get();
      at = std::move(entry);
      rest.erase(0, next);
    } else if (flags & O_PATH) {
      return entry.get() < 0 || !must_be_directory || S_ISDIR(found.st_mode) ? entry.Release() : -ENOTDIR;
    } else {
      const int fd = OpenAt(at.get(), name, flags | O_NOFOLLOW | (has_slash ? O_DIRECTORY : 0), mode);
      if (fd != -ELOOP) return fd;
      // The entry has been replaced by a link since.
      ++links;
    }
  }
  return -ELOOP;
}

}  // namespace impersonate::linux_port
