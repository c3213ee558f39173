#include "linux/program/child.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "linux/credentials/system_calls.h"

#ifndef SYS_close_range
#define SYS_close_range 436
#endif

// The process shares its memory with the one that has started it, down to the thread-local storage of one of
// its threads: that thread waits, with all signals blocked, in calls that do not fail, so that `errno` is the
// new process's. Only system calls are made here, which change nothing of the other process: no allocation,
// no lock, no function of the C library that does more.
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define IMPERSONATE_PLAIN __attribute__((no_sanitize("address")))
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define IMPERSONATE_PLAIN __attribute__((no_sanitize_address))
#endif
#ifndef IMPERSONATE_PLAIN
#define IMPERSONATE_PLAIN
#endif

namespace impersonate::linux_port {
namespace {

constexpr int kSignals = 64;
// The signal mask and the action of the kernel's interface: zeros are no signal, and the default action.
constexpr std::size_t kMaskSize = _NSIG / 8;
struct NoAction {
  std::uint64_t words[8] = {};
};

[[noreturn]] IMPERSONATE_PLAIN void Fail(ChildPlan& plan, ChildStep step, int error) noexcept {
  plan.failed_error.store(error, std::memory_order_relaxed);
  plan.failed_step.store(step, std::memory_order_release);
  ::syscall(SYS_exit_group, 127);
  __builtin_trap();
}

IMPERSONATE_PLAIN void Require(ChildPlan& plan, ChildStep step, bool done) noexcept {
  if (!done) Fail(plan, step, errno);
}

IMPERSONATE_PLAIN void ResetSignalActions(ChildPlan& plan) noexcept {
  static const NoAction none;
  for (int signal = 1; signal <= kSignals; ++signal) {
    if (signal == SIGKILL || signal == SIGSTOP) continue;
    const long result = ::syscall(SYS_rt_sigaction, signal, &none, nullptr, kMaskSize);
    Require(plan, ChildStep::kSignals, result == 0);
  }
}

IMPERSONATE_PLAIN void UnblockSignals(ChildPlan& plan) noexcept {
  static const NoAction none;
  const long result = ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, nullptr, kMaskSize);
  Require(plan, ChildStep::kSignals, result == 0);
}

// A user's own process has the default priority, and no right to a better one.
IMPERSONATE_PLAIN void ResetPriority(ChildPlan& plan) noexcept {
  const long policy = ::syscall(SYS_sched_getscheduler, 0);
  Require(plan, ChildStep::kPriority, policy >= 0);
  const long class_only = policy & ~static_cast<long>(SCHED_RESET_ON_FORK);
  if (class_only == SCHED_FIFO || class_only == SCHED_RR) {
    const sched_param none{};
    Require(plan, ChildStep::kPriority, ::syscall(SYS_sched_setscheduler, 0, SCHED_OTHER, &none) == 0);
  }
  // 20 minus the nice value.
  constexpr long kDefault = 20;
  if (::syscall(SYS_getpriority, PRIO_PROCESS, 0) <= kDefault) return;
  Require(plan, ChildStep::kPriority, ::syscall(SYS_setpriority, PRIO_PROCESS, 0, 0) == 0);
}

IMPERSONATE_PLAIN int DuplicateAbove(ChildPlan& plan, int fd, std::size_t lowest) noexcept {
  const long result = ::syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, lowest);
  Require(plan, ChildStep::kDescriptors, result >= 0);
  return static_cast<int>(result);
}

IMPERSONATE_PLAIN void MakeBlocking(ChildPlan& plan, int fd) noexcept {
  const long flags = ::syscall(SYS_fcntl, fd, F_GETFL);
  Require(plan, ChildStep::kDescriptors, flags >= 0);
  if ((flags & O_NONBLOCK) == 0) return;
  Require(plan, ChildStep::kDescriptors, ::syscall(SYS_fcntl, fd, F_SETFL, flags & ~O_NONBLOCK) == 0);
}

// Moves every descriptor above the program's own first, so that none is overwritten before it is used.
IMPERSONATE_PLAIN void PlaceDescriptors(ChildPlan& plan) noexcept {
  const std::size_t count = plan.descriptors.size();
  const int report = DuplicateAbove(plan, plan.report, count);
  for (std::size_t i = 0; i < count; ++i) {
    plan.moved[i] = plan.descriptors[i] < 0 ? -1 : DuplicateAbove(plan, plan.descriptors[i], count);
  }
  for (std::size_t i = 0; i < count; ++i) {
    const int target = static_cast<int>(i);
    if (plan.moved[i] < 0) {
      ::syscall(SYS_close, target);
      continue;
    }
    // Without the flag to be closed.
    Require(plan, ChildStep::kDescriptors, ::syscall(SYS_dup3, plan.moved[i], target, 0) == target);
    if (plan.blocking[i]) MakeBlocking(plan, target);
  }
  const auto first = static_cast<unsigned>(count), kept = static_cast<unsigned>(report);
  const bool closed = (first == kept || ::syscall(SYS_close_range, first, kept - 1, 0) == 0) &&
                      ::syscall(SYS_close_range, kept + 1, ~0U, 0) == 0;
  Require(plan, ChildStep::kDescriptors, closed);
}

IMPERSONATE_PLAIN void SetLimits(ChildPlan& plan) noexcept {
  for (const port::ResourceLimit& limit : plan.limits) {
    const std::uint64_t values[] = {limit.soft, limit.hard};
    Require(plan, ChildStep::kLimits, ::syscall(SYS_prlimit64, 0, limit.resource, values, nullptr) == 0);
  }
}

IMPERSONATE_PLAIN bool SetCapabilities(std::uint64_t set) noexcept {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2] = {};
  for (int half = 0; half < 2; ++half) {
    data[half].effective = data[half].permitted = static_cast<std::uint32_t>(set >> (32 * half));
  }
  return ::syscall(SYS_capset, &header, data) == 0;
}

IMPERSONATE_PLAIN bool HasNoOtherCapabilities(std::uint64_t set) noexcept {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2] = {};
  if (::syscall(SYS_capget, &header, data) != 0) return false;
  for (int half = 0; half < 2; ++half) {
    const auto allowed = static_cast<std::uint32_t>(set >> (32 * half));
    if (((data[half].effective | data[half].permitted) & ~allowed) != 0) return false;
    // Without inheritable capabilities there are no ambient ones.
    if (data[half].inheritable != 0) return false;
  }
  return true;
}

// Until the last of these steps the real and the saved uid are not the user's, who therefore can neither
// signal nor trace the process.
IMPERSONATE_PLAIN void BecomeUser(ChildPlan& plan) noexcept {
  if (plan.regain_root) Require(plan, ChildStep::kUid, raw::SetResUid(raw::kSameUid, 0, raw::kSameUid) == 0);
  Require(plan, ChildStep::kGroups, raw::SetGroups(plan.groups.size(), plan.groups.data()) == 0);
  Require(plan, ChildStep::kGid, raw::SetResGid(plan.gid, plan.gid, plan.gid) == 0);
  Require(plan, ChildStep::kUid, raw::SetResUid(plan.reserved_uid, plan.uid, raw::kSameUid) == 0);
  // The memory is the service's. The change of the effective uid has made it one that the user may not trace,
  // unless fs.suid_dumpable is 1, or has it dumped, which on some kernels ends all that share it. The last
  // change of uids does not undo this, as it leaves the effective one.
  Require(plan, ChildStep::kDumpable, ::syscall(SYS_prctl, PR_SET_DUMPABLE, 0, 0, 0, 0) == 0);
  Require(plan, ChildStep::kCapabilities, SetCapabilities(plan.capabilities));
  if (plan.no_new_privileges) {
    Require(plan, ChildStep::kPrivileges, ::syscall(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
  }
  if (plan.kind != ChildKind::kProgramWithKeyring) {
    // The session keyring is the service's. A process that cannot make this call cannot use keys.
    const bool joined = ::syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr) > 0;
    Require(plan, ChildStep::kKeyring, joined || errno == ENOSYS || errno == EPERM);
  }
  Require(plan, ChildStep::kUid, raw::SetResUid(plan.uid, plan.uid, plan.uid) == 0);
}

// A program that is executed would lose the saved root of a process that has dropped it.
IMPERSONATE_PLAIN void KeepRoot(ChildPlan& plan) noexcept {
  if (!plan.regain_root) return;
  Require(plan, ChildStep::kUid, raw::SetResUid(raw::kSameUid, 0, raw::kSameUid) == 0);
  Require(plan, ChildStep::kUid, raw::SetResUid(0, 0, 0) == 0);
}

// A system call filter can report success for a call that it suppresses.
IMPERSONATE_PLAIN bool IsUser(ChildPlan& plan) noexcept {
  uid_t u[3] = {};
  gid_t g[3] = {};
  if (raw::GetResUid(&u[0], &u[1], &u[2]) != 0 || raw::GetResGid(&g[0], &g[1], &g[2]) != 0) return false;
  for (int i = 0; i < 3; ++i) {
    if (u[i] != plan.uid || g[i] != plan.gid) return false;
  }
  if (raw::SetFsUid(raw::kSameUid) != plan.uid || raw::SetFsGid(raw::kSameGid) != plan.gid) return false;
  const long count = raw::GetGroups(plan.read_groups.size(), plan.read_groups.data());
  if (count != static_cast<long>(plan.groups.size())) return false;
  for (std::size_t i = 0; i < plan.groups.size(); ++i) {
    if (plan.read_groups[i] != plan.groups[i]) return false;
  }
  return HasNoOtherCapabilities(plan.capabilities);
}

// Whether the process can become what it was. Root always can.
IMPERSONATE_PLAIN bool CanGoBack(const ChildPlan& plan) noexcept {
  if (plan.uid == 0) return false;
  for (const uid_t other : plan.other_uids) {
    if (raw::SetResUid(raw::kSameUid, other, raw::kSameUid) == 0) return true;
  }
  for (const gid_t other : plan.other_gids) {
    if (raw::SetResGid(raw::kSameGid, other, raw::kSameGid) == 0) return true;
  }
  if (raw::SetGroups(0, nullptr) == 0) return true;
  return SetCapabilities(~std::uint64_t{0}) || SetCapabilities(std::uint64_t{1} << CAP_SETUID);
}

// As execvp(3) searches, which also reports EACCES if that is the reason of any.
IMPERSONATE_PLAIN void Execute(ChildPlan& plan) noexcept {
  int error = ENOENT;
  bool denied = false;
  for (const std::string& path : plan.candidates) {
    ::syscall(SYS_execve, path.c_str(), plan.arguments.data(), plan.environment.data());
    error = errno;
    denied = denied || error == EACCES;
    const bool goes_on = error == EACCES || error == ENOENT || error == ESTALE || error == ENOTDIR ||
                         error == ENODEV || error == ETIMEDOUT;
    if (!goes_on) Fail(plan, ChildStep::kExecute, error);
  }
  Fail(plan, ChildStep::kExecute, denied ? EACCES : error);
}

}  // namespace

const char* CallOf(ChildStep step) noexcept {
  switch (step) {
    case ChildStep::kSignals:
      return "sigaction";
    case ChildStep::kSession:
      return "setsid";
    case ChildStep::kPriority:
      return "setpriority";
    case ChildStep::kDescriptors:
      return "dup";
    case ChildStep::kLimits:
      return "setrlimit";
    case ChildStep::kGroups:
      return "setgroups";
    case ChildStep::kGid:
      return "setresgid";
    case ChildStep::kUid:
      return "setresuid";
    case ChildStep::kDumpable:
    case ChildStep::kPrivileges:
      return "prctl";
    case ChildStep::kCapabilities:
      return "capset";
    case ChildStep::kKeyring:
      return "keyctl";
    case ChildStep::kVerify:
      return "getresuid";
    case ChildStep::kRegain:
      return "setresuid";
    case ChildStep::kDirectory:
      return "chdir";
    case ChildStep::kExecute:
    case ChildStep::kNone:
      break;
  }
  return "execve";
}

IMPERSONATE_PLAIN int RunChild(void* data) noexcept {
  ChildPlan& plan = *static_cast<ChildPlan*>(data);
  ResetSignalActions(plan);
  // In the service's session the program could use its terminal, and continue its stopped processes.
  const long session = ::syscall(SYS_setsid);
  if (session <= 0) Fail(plan, ChildStep::kSession, session == 0 ? EPERM : errno);
  ResetPriority(plan);
  PlaceDescriptors(plan);
  SetLimits(plan);
  if (plan.kind == ChildKind::kService) {
    KeepRoot(plan);
  } else {
    BecomeUser(plan);
    if (!IsUser(plan)) Fail(plan, ChildStep::kVerify, EPERM);
    if (CanGoBack(plan)) Fail(plan, ChildStep::kRegain, EPERM);
  }
  Require(plan, ChildStep::kDirectory, ::syscall(SYS_chdir, plan.directory.c_str()) == 0);
  UnblockSignals(plan);
  Execute(plan);
  return 0;
}

}  // namespace impersonate::linux_port
