#pragma once

#include <unistd.h>

#include <optional>
#include <string>
#include <utility>

namespace impersonate::linux_port {

// Owns a descriptor, or none.
class Descriptor {
 public:
  explicit Descriptor(int fd) noexcept : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(Descriptor&& other) noexcept : fd_(other.Release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }

  int get() const noexcept { return fd_; }
  int Release() noexcept { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

// open(2), repeated if a signal interrupts it: a descriptor, or a negative errno.
int OpenAt(int directory, const std::string& path, int flags, int mode) noexcept;

// The text of a file of /proc; none if it cannot be opened or read.
std::optional<std::string> ReadProcFile(const char* path);

// Opens an absolute path as openat2(2) does with RESOLVE_NO_MAGICLINKS, for kernels that do not have it: one
// component after the other, each checked by the kernel for the calling thread. Symbolic links are followed
// here, by their text; magic links are ELOOP. Returns a descriptor, or a negative errno.
int OpenByComponents(const std::string& path, int flags, int mode);

}  // namespace impersonate::linux_port
