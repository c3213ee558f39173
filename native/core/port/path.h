#pragma once

#include <optional>
#include <string>
#include <utility>

// Paths as the calling thread's user resolves them.
namespace impersonate::port {

// What the last name of a path stands for.
enum class LastComponent {
  kTarget,  // what is there, at the end of symbolic links
  kItself,  // what is there, even if it is a symbolic link
  kEntry,   // the entry of its directory, to be made, removed or read
};

// A path as the calling thread's user resolves it, for one libuv call. Linux lets every thread open its own
// process's entries in /proc, whatever user it acts as; and it resolves a relative path without a check of
// the directories above the current one. Here both fail with EACCES. What has been checked is held open, so
// that an exchanged symbolic link cannot lead the call elsewhere.
class GuardedPath {
 public:
  GuardedPath(const std::string& path, LastComponent last);
  // Opens it as open(2) does.
  GuardedPath(const std::string& path, int flags, int mode);
  ~GuardedPath();
  GuardedPath(const GuardedPath&) = delete;
  GuardedPath& operator=(const GuardedPath&) = delete;

  // 0, or a negative errno: there is nothing to call then.
  int error() const noexcept { return error_; }
  // The path for libuv; not for kItself, unless there is no descriptor.
  const char* c_str() const noexcept { return path_.c_str(); }
  // What has been opened, or the object (O_PATH) or, for kEntry, its directory (O_PATH). -1 if the system
  // needs no guard: nothing has been opened there.
  int fd() const noexcept { return fd_; }
  // The descriptor, which is the caller's to close.
  int Release() noexcept { return std::exchange(fd_, -1); }

 private:
  int fd_ = -1, error_ = 0;
  std::string path_;
};

// access(2) as the identity that opens files: 0 or an errno. None if libuv's own call checks that identity.
std::optional<int> AccessAsUser(const char* path, int mode) noexcept;

}  // namespace impersonate::port
