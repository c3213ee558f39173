#include "linux/thread/switch_error.h"

#include <sys/prctl.h>

#include <cerrno>
#include <fstream>

#include "linux/errno_error.h"

namespace impersonate::linux_port {
namespace {

constexpr const char* kPage = " (docs/rights.md)";

bool IsSetgroupsDenied() {
  std::ifstream file("/proc/self/setgroups");
  std::string word;
  return file >> word && word == "deny";
}

std::string Missing(std::uint64_t capability) {
  std::string reason =
      capability == kCapSetUid ? "the process lacks CAP_SETUID" : "the process lacks CAP_SETGID";
  if (::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1) {
    reason += "; no_new_privs is set, under which setcap has no effect";
  }
  return reason;
}

std::string NotPermitted(const char* syscall, const Credentials& base, std::uint64_t capability) {
  const Capabilities& held = base.capabilities;
  const std::uint64_t usable = RootInReserve(base) ? held.permitted : held.effective;
  if ((usable & capability) == 0) return Missing(capability);
  if (std::string(syscall) == "setgroups" && IsSetgroupsDenied()) {
    return "/proc/self/setgroups of this user namespace says deny";
  }
  return "a seccomp filter or a security module refuses the call";
}

}  // namespace

Error SwitchError(int number, const char* syscall, const Credentials& base, std::uint64_t capability,
                  const std::string& invalid) {
  const Error plain = ErrnoError(number, syscall);
  std::string reason;
  if (number == EPERM) reason = NotPermitted(syscall, base, capability);
  if (number == EINVAL) reason = invalid;
  if (reason.empty()) return plain;
  return Error(plain.code(), number, syscall, std::string(plain.what()) + ": " + reason + kPage);
}

}  // namespace impersonate::linux_port
