#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <optional>
#include <vector>

#include "core/port.h"
#include "linux/credentials/credentials.h"
#include "linux/credentials/system_calls.h"

#ifndef SYS_faccessat2
#define SYS_faccessat2 439
#endif

namespace impersonate::port {
namespace {

namespace raw = linux_port::raw;

bool HasGroup(gid_t gid) {
  if (raw::GetEgid() == gid) return true;
  std::vector<gid_t> groups;
  linux_port::ReadGroups(groups);
  return std::find(groups.begin(), groups.end(), gid) != groups.end();
}

// What owner, group and mode say, without access control lists. The C library's own way asks the real uid.
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

// access(2) asks the real uid, which is a reserved one while the thread acts as a user.
std::optional<int> AccessAsUser(const char* path, int mode) noexcept {
  if (::syscall(SYS_faccessat2, AT_FDCWD, path, mode, AT_EACCESS) == 0) return 0;
  // Before Linux 5.8 there is no such call, and filters of system calls that do not know it answer EPERM,
  // which is no answer for a path.
  if (errno != ENOSYS && errno != EPERM) return errno;
  try {
    return AccessByMode(path, mode);
  } catch (const std::exception&) {
    return EACCES;
  }
}

}  // namespace impersonate::port
