#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <optional>

#include "core/port.h"

#ifndef SYS_faccessat2
#define SYS_faccessat2 439
#endif

namespace impersonate::port {

// access(2) asks the real uid, which in a job is nobody's.
std::optional<int> AccessAsUser(const char* path, int mode) noexcept {
  long result = syscall(SYS_faccessat2, AT_FDCWD, path, mode, AT_EACCESS);
  // Before Linux 5.8 the C library works it out from the mode and the effective ids.
  if (result != 0 && errno == ENOSYS) result = faccessat(AT_FDCWD, path, mode, AT_EACCESS);
  return result == 0 ? 0 : errno;
}

}  // namespace impersonate::port
