#include "credential_calls.h"

#include <linux/capability.h>
#include <sys/prctl.h>
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

int SetFileIds(uid_t uid, gid_t gid) {
  syscall(SYS_setfsgid, gid);
  syscall(SYS_setfsuid, uid);
  const bool taken = syscall(SYS_setfsgid, -1) == gid && syscall(SYS_setfsuid, -1) == uid;
  return taken ? 0 : EPERM;
}

int SetCapabilities(std::uint32_t capabilities) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2] = {};
  data[0].effective = data[0].permitted = capabilities;
  return syscall(SYS_capset, &header, data) == 0 ? 0 : errno;
}

int SetEffective(std::uint32_t capabilities) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2]{};
  if (syscall(SYS_capget, &header, data) != 0) return errno;
  data[0].effective = data[0].permitted & capabilities;
  return syscall(SYS_capset, &header, data) == 0 ? 0 : errno;
}

int SetSecurebits(unsigned long bits) { return prctl(PR_SET_SECUREBITS, bits, 0, 0, 0) == 0 ? 0 : errno; }

int SetGroups(const std::vector<gid_t>& groups) {
  return syscall(SYS_setgroups, groups.size(), groups.data()) == 0 ? 0 : errno;
}

}  // namespace probe
