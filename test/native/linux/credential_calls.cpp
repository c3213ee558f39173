#include "credential_calls.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace probe {

int SetUserIds(uid_t real, uid_t effective, uid_t saved) {
  return syscall(SYS_setresuid, real, effective, saved) == 0 ? 0 : errno;
}

int SetGroupIds(gid_t real, gid_t effective, gid_t saved) {
  return syscall(SYS_setresgid, real, effective, saved) == 0 ? 0 : errno;
}

int SetGroups(const std::vector<gid_t>& groups) {
  return syscall(SYS_setgroups, groups.size(), groups.data()) == 0 ? 0 : errno;
}

}  // namespace probe
