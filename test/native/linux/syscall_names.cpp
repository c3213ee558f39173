#include "syscall_names.h"

#include <sys/syscall.h>

#include <map>

namespace probe {

std::optional<int> SyscallNumber(const std::string& name) {
  static const std::map<std::string, int> numbers = {
      {"setuid", SYS_setuid},
      {"setreuid", SYS_setreuid},
      {"setresuid", SYS_setresuid},
      {"setgid", SYS_setgid},
      {"setregid", SYS_setregid},
      {"setresgid", SYS_setresgid},
      {"setfsuid", SYS_setfsuid},
      {"setfsgid", SYS_setfsgid},
      {"setgroups", SYS_setgroups},
      {"geteuid", SYS_geteuid},
      {"getegid", SYS_getegid},
      {"getresuid", SYS_getresuid},
      {"getresgid", SYS_getresgid},
      {"getgroups", SYS_getgroups},
      {"prctl", SYS_prctl},
      {"capset", SYS_capset},
      {"getsockopt", SYS_getsockopt},
      {"faccessat2", 439},
      {"openat2", 437},
  };
  const auto found = numbers.find(name);
  if (found == numbers.end()) return std::nullopt;
  return found->second;
}

}  // namespace probe
