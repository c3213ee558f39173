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
      {"capget", SYS_capget},
      {"chdir", SYS_chdir},
      {"clone", SYS_clone},
      {"close_range", 436},
      {"dup3", SYS_dup3},
      {"epoll_ctl", SYS_epoll_ctl},
      {"execve", SYS_execve},
      {"fcntl", SYS_fcntl},
      {"keyctl", SYS_keyctl},
      {"pidfd_open", 434},
      {"pidfd_send_signal", 424},
      {"pipe2", SYS_pipe2},
#ifdef SYS_poll
      {"poll", SYS_poll},
#else
      {"poll", SYS_ppoll},
#endif
      {"prlimit64", SYS_prlimit64},
      {"rt_sigaction", SYS_rt_sigaction},
      {"rt_sigprocmask", SYS_rt_sigprocmask},
      {"setsid", SYS_setsid},
      {"socketpair", SYS_socketpair},
      {"waitid", SYS_waitid},
      {"getsockopt", SYS_getsockopt},
      {"faccessat2", 439},
      {"openat2", 437},
      {"clone3", 435},
  };
  const auto found = numbers.find(name);
  if (found == numbers.end()) return std::nullopt;
  return found->second;
}

}  // namespace probe
