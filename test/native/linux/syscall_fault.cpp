#include "syscall_fault.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <vector>

namespace probe {
namespace {

sock_filter Load(std::size_t offset) {
  return {BPF_LD | BPF_W | BPF_ABS, 0, 0, static_cast<std::uint32_t>(offset)};
}

// Continues with the next instruction if the loaded word equals `value`, else skips `skipped` instructions.
sock_filter Require(std::uint32_t value, std::uint8_t skipped) {
  return {BPF_JMP | BPF_JEQ | BPF_K, 0, skipped, value};
}

sock_filter Answer(std::uint32_t action) { return {BPF_RET | BPF_K, 0, 0, action}; }

// The offset of the argument by which a fault selects calls: of three ids, the effective one.
std::size_t ArgumentOffset(int number) {
  const bool sets_three = number == SYS_setresuid || number == SYS_setresgid;
  return offsetof(seccomp_data, args) + (sets_three ? sizeof(seccomp_data::args[0]) : 0);
}

std::vector<sock_filter> Program(const SyscallFault& fault) {
  const bool by_argument = fault.argument.has_value();
  std::vector<sock_filter> program;
  program.push_back(Load(offsetof(seccomp_data, nr)));
  program.push_back(Require(static_cast<std::uint32_t>(fault.number), by_argument ? 3 : 1));
  if (by_argument) {
    // The low word: every supported machine is little-endian.
    program.push_back(Load(ArgumentOffset(fault.number)));
    program.push_back(Require(*fault.argument, 1));
  }
  program.push_back(Answer(SECCOMP_RET_ERRNO | (static_cast<std::uint32_t>(fault.error) & SECCOMP_RET_DATA)));
  program.push_back(Answer(SECCOMP_RET_ALLOW));
  return program;
}

}  // namespace

int InstallFault(const SyscallFault& fault, Threads threads) {
  // A thread without privileges, such as one inside a scope, may install a filter only after this.
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return errno;
  std::vector<sock_filter> program = Program(fault);
  sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  const unsigned flags = threads == Threads::kAll ? SECCOMP_FILTER_FLAG_TSYNC : 0;
  const long result = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &filter);
  if (result == 0) return 0;
  // With TSYNC a positive result is the id of a thread that could not get the filter.
  return result > 0 ? ESRCH : errno;
}

int HoldSyscall(int number) {
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return -errno;
  std::vector<sock_filter> program = {
      Load(offsetof(seccomp_data, nr)),
      Require(static_cast<std::uint32_t>(number), 1),
      Answer(SECCOMP_RET_USER_NOTIF),
      Answer(SECCOMP_RET_ALLOW),
  };
  sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  const long fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &filter);
  return fd < 0 ? -errno : static_cast<int>(fd);
}

}  // namespace probe
