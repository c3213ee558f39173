#pragma once

#include <optional>
#include <string>
#include <utility>

// Paths as the calling thread's user resolves them.
namespace impersonate::port {

// How the last component of a path is resolved.
enum class LastComponent {
  kTarget,  // the object, with symbolic links followed
  kItself,  // the object, with no symbolic link followed
  kEntry,   // the directory entry, to be created, removed or read
};

// A path as the calling thread's user resolves it, for one libuv call. Linux lets every thread open its own
// process's entries in /proc, whatever user it acts as; and it resolves a relative path without a check of
// the directories above the current one. Here both fail with EACCES. The checked object is kept open, so that
// a symbolic link that is exchanged after the check has no effect.
class GuardedPath {
 public:
  GuardedPath(const std::string& path, LastComponent last);
  // Opens it as open(2) does.
  GuardedPath(const std::string& path, int flags, int mode);
  ~GuardedPath();
  GuardedPath(const GuardedPath&) = delete;
  GuardedPath& operator=(const GuardedPath&) = delete;

  // 0, or a negative errno: then libuv must not be called.
  int error() const noexcept { return error_; }
  // The path for libuv. For kItself it is valid only if there is no descriptor.
  const char* c_str() const noexcept { return path_.c_str(); }
  // The opened file; or the object (O_PATH) or, for kEntry, its directory (O_PATH). -1 if the system needs no
  // guard: then nothing has been opened.
  int fd() const noexcept { return fd_; }
  // Returns the descriptor, which the caller must close.
  int Release() noexcept { return std::exchange(fd_, -1); }

 private:
  int fd_ = -1, error_ = 0;
  std::string path_;
};

// access(2) as the identity that opens files: 0 or an errno. None if libuv's own call checks that identity.
std::optional<int> AccessAsUser(const char* path, int mode) noexcept;

}  // namespace impersonate::port
