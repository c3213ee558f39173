#include "linux/thread/switch.h"

#include <linux/securebits.h>
#include <sys/prctl.h>

#include <cerrno>
#include <cstdint>
#include <string>
#include <vector>

#include "core/error.h"
#include "linux/credentials/reserved_uid.h"
#include "linux/credentials/system_calls.h"
#include "linux/errno_error.h"
#include "linux/path/descriptor.h"

namespace impersonate::linux_port {
namespace {

constexpr const char* kPage = " (docs/rights.md)";

bool IsSetgroupsDenied() { return ReadProcFile("/proc/self/setgroups") == "deny\n"; }

std::string Missing(std::uint64_t capability) {
  std::string reason =
      capability == kCapSetUid ? "the process lacks CAP_SETUID" : "the process lacks CAP_SETGID";
  if (!IsInBoundingSet(capability)) {
    return reason + ", which dropPrivileges() has removed, or CapabilityBoundingSet= of the service";
  }
  if (::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1) {
    reason += "; no_new_privs is set, under which setcap has no effect";
  }
  return reason;
}

std::string NotPermitted(const std::string& syscall, const Credentials& base) {
  const std::uint64_t capability = syscall == "setresuid" ? kCapSetUid : kCapSetGid;
  const Capabilities& held = base.capabilities;
  const std::uint64_t usable = HasSavedRoot(base) ? held.permitted : held.effective;
  if ((usable & capability) == 0) return Missing(capability);
  if (syscall == "setgroups" && IsSetgroupsDenied()) {
    return "/proc/self/setgroups of this user namespace is set to deny";
  }
  return "a seccomp filter or a security module denies the call";
}

std::string Invalid(const std::string& syscall, const Identity& identity) {
  const std::string unmapped = " is not mapped in this user namespace";
  if (syscall == "setresuid") return "uid " + std::to_string(identity.uid) + unmapped;
  if (syscall == "setresgid") return "gid " + std::to_string(identity.gid) + unmapped;
  return identity.groups.size() > kMostGroups ? "the user is in more than NGROUPS_MAX groups"
                                              : "a group of the user" + unmapped;
}

// The capabilities of the process that the token may keep effective.
std::uint64_t AllowedCapabilities(const Credentials& base, const LinuxToken& token) {
  return token.identity().capabilities & base.capabilities.permitted;
}

// Whether no capset is needed: the kernel removes all effective capabilities when the effective uid changes
// from 0, and restores all permitted ones when it becomes 0. That is enough if the token may keep none and
// all permitted capabilities of the process are effective.
bool KernelLimitsCapabilities(const Credentials& base, const LinuxToken& token) {
  return base.capabilities_follow_uid && base.effective_uid == 0 && token.identity().uid != 0 &&
         base.capabilities.effective == base.capabilities.permitted && AllowedCapabilities(base, token) == 0;
}

// How the capabilities are restored before LimitCapabilities has run. The kernel does not change those of a
// service that is not root.
CapabilityRestore RestoreAfterUidChange(const Credentials& base, const LinuxToken& token) {
  return DependsOnCapabilities(base) || KernelLimitsCapabilities(base, token) ? CapabilityRestore::kByKernel
                                                                              : CapabilityRestore::kByCapset;
}

// Throws if ambient capabilities could not be restored once the thread has lowered them.
void RequireAmbientRaise() {
  const int securebits = ::prctl(PR_GET_SECUREBITS);
  if (securebits < 0) throw ErrnoError(errno, "prctl");
  if ((securebits & SECBIT_NO_CAP_AMBIENT_RAISE) == 0) return;
  throw Error(
      "EPERM", EPERM, "prctl",
      "EPERM: Operation not permitted, prctl: the process has ambient capabilities, which a user's programs "
      "must not get, and SECBIT_NO_CAP_AMBIENT_RAISE, with which they could not be restored");
}

// The thread's capabilities after its ids have been changed.
Capabilities CapabilitiesNow(const Credentials& base, const LinuxToken& token) {
  return DependsOnCapabilities(base) && token.verified() ? base.capabilities : ReadCapabilities();
}

void VerifyUid(const Identity& identity) {
  if (raw::GetEuid() != identity.uid) throw DowngradedError("geteuid");
}

// Limits the thread, and programs that it would execute, to the capabilities of the process that the token
// may keep. Also confirms the effective uid: the capabilities that the kernel removes with the uid 0 are gone
// only if the uid has changed and no securebit that another addon has set keeps them.
void LimitCapabilities(const Credentials& base, const LinuxToken& token, CapabilityRestore& restore_by) {
  const std::uint64_t wanted = AllowedCapabilities(base, token);
  Capabilities now = CapabilitiesNow(base, token);
  const bool limited = now.effective == wanted && (now.inheritable & ~wanted) == 0;
  if (!limited || !KernelLimitsCapabilities(base, token)) VerifyUid(token.identity());
  if (limited) return;
  if ((now.ambient & ~wanted) != 0) RequireAmbientRaise();
  now.effective = wanted;
  now.inheritable &= wanted;
  now.ambient &= wanted;
  const char* const failed = WriteCapabilities(now);
  // If capset fails here, it may also fail when the thread reverts. Nothing has been limited yet, so
  // reverting needs no capset.
  if (failed && std::string(failed) == "capset") throw ErrnoError(errno, failed);
  restore_by = CapabilityRestore::kByCapset;
  if (failed) throw ErrnoError(errno, failed);
  if (ReadCapabilities() != now) throw DowngradedError("capget");
}

// The saved uid that lets the thread regain the right to switch.
uid_t SavedUidFor(const Credentials& base) { return HasSavedRoot(base) ? 0 : base.effective_uid; }

void VerifyGid(const Identity& identity) {
  if (raw::GetEgid() != identity.gid) throw DowngradedError("getegid");
}

void VerifyAll(const Credentials& base, const Identity& identity) {
  uid_t uid[3];
  if (raw::GetResUid(&uid[0], &uid[1], &uid[2]) != 0) throw ErrnoError(errno, "getresuid");
  if (uid[0] != ReservedUid() || uid[1] != identity.uid || uid[2] != SavedUidFor(base)) {
    throw DowngradedError("getresuid");
  }
  gid_t gid[3];
  if (raw::GetResGid(&gid[0], &gid[1], &gid[2]) != 0) throw ErrnoError(errno, "getresgid");
  if (gid[0] != identity.gid || gid[1] != identity.gid) throw DowngradedError("getresgid");
  std::vector<gid_t> groups;
  ReadGroups(groups);
  if (groups != identity.groups) throw DowngradedError("getgroups");
  if (raw::SetFsUid(raw::kSameUid) != identity.uid) throw DowngradedError("setfsuid");
  if (raw::SetFsGid(raw::kSameGid) != identity.gid) throw DowngradedError("setfsgid");
}

// The kernel permanently drops a thread's permitted capabilities when none of its uids is 0.
void RequireReversible(const Credentials& base, const Identity& identity) {
  if (base.effective_uid == 0 || HasSavedRoot(base) || identity.uid != 0) return;
  throw Error("EPERM", EPERM, "setresuid",
              "EPERM: a process that is not root could not revert after acting as root, setresuid");
}

// A process of that user could signal every thread that acts as any user.
void RequireNotReserved(const Identity& identity) {
  if (identity.uid != ReservedUid()) return;
  throw Error("ERR_INVALID_IDENTITY",
              "The token's uid is the one that impersonate reserves for the real uid of its threads: set "
              "IMPERSONATE_RESERVED_UID to another");
}

void SetGroupsTo(const Credentials& base, const Identity& identity) {
  if (raw::SetGroups(identity.groups.size(), identity.groups.data()) == 0) return;
  throw SwitchError(errno, "setgroups", base, identity);
}

void SetGidTo(const Credentials& base, const Identity& identity) {
  if (raw::SetResGid(identity.gid, identity.gid, raw::kSameGid) == 0) return;
  throw SwitchError(errno, "setresgid", base, identity);
}

void SetUidTo(const Credentials& base, const Identity& identity) {
  if (raw::SetResUid(ReservedUid(), identity.uid, SavedUidFor(base)) == 0) return;
  throw SwitchError(errno, "setresuid", base, identity);
}

void AbortOn(const char* failed) noexcept {
  if (!failed) return;
  Abort("cannot restore the thread's identity: " + std::string(failed) + " failed with errno " +
        std::to_string(errno));
}

// The completed steps of a switch, in their order.
enum class Progress { kNothing, kGroups, kGid, kUid };

// Reverts exactly these steps, as the call that has just failed may fail again.
void Undo(const Credentials& base, Progress done, CapabilityRestore restore_by) noexcept {
  if (done == Progress::kUid) return SwitchBack(base, restore_by);
  if (done == Progress::kGid) AbortOn(WriteGids(base));
  if (done != Progress::kNothing) AbortOn(WriteGroups(base));
  if (HasSavedRoot(base)) AbortOn(DropRoot(base));
}

// Restores the right to switch to a thread that acts as a user, and nothing else of its base identity.
const char* RegainRights(const Credentials& base) noexcept {
  if (!DependsOnCapabilities(base)) return RegainRoot();
  Capabilities rights = base.capabilities;
  rights.inheritable = rights.ambient = 0;
  return WriteCapabilities(rights);
}

// Makes the steps of a switch. If it throws, `done` and `restore_by` hold the completed steps.
void ApplyIdentity(const Credentials& base, const LinuxToken& token, Progress& done,
                   CapabilityRestore& restore_by) {
  const Identity& identity = token.identity();
  SetGroupsTo(base, identity);
  done = Progress::kGroups;
  SetGidTo(base, identity);
  done = Progress::kGid;
  SetUidTo(base, identity);
  done = Progress::kUid;
  LimitCapabilities(base, token, restore_by);
  if (token.verified()) {
    VerifyGid(identity);
  } else {
    VerifyAll(base, identity);
    token.MarkVerified();
  }
}

}  // namespace

void RequireSwitchable(const Credentials& base, const Identity& identity) {
  RequireReversible(base, identity);
  RequireNotReserved(identity);
}

// For EPERM the remedy is the capability that the call needs.
Error SwitchError(int number, const std::string& syscall, const Credentials& base, const Identity& identity) {
  const Error plain = ErrnoError(number, syscall);
  std::string reason;
  if (number == EPERM) reason = NotPermitted(syscall, base);
  if (number == EINVAL) reason = Invalid(syscall, identity);
  if (reason.empty()) return plain;
  return Error(plain.code(), number, syscall, std::string(plain.what()) + ": " + reason + kPage);
}

Error DowngradedError(const char* what) {
  return Error("ERR_IMPERSONATION_DOWNGRADED", EPERM, what,
               std::string("The kernel accepted the switch but ") + what +
                   " reads back another identity: a system call filter or sandbox may be faking the call");
}

CapabilityRestore SwitchTo(const Credentials& base, const LinuxToken& token) {
  RequireSwitchable(base, token.identity());
  CapabilityRestore restore_by = RestoreAfterUidChange(base, token);
  // If reverting needs capset, capset is tested before the first step.
  if (restore_by == CapabilityRestore::kByCapset) {
    if (const char* failed = WriteCapabilities(base.capabilities)) throw ErrnoError(errno, failed);
  }
  if (HasSavedRoot(base) && RegainRoot()) throw ErrnoError(errno, "setresuid");
  Progress done = Progress::kNothing;
  try {
    ApplyIdentity(base, token, done, restore_by);
    return restore_by;
  } catch (...) {
    Undo(base, done, restore_by);
    throw;
  }
}

bool CanSwitchBetween(const Credentials& base, CapabilityRestore capabilities) noexcept {
  return capabilities == CapabilityRestore::kByKernel || DependsOnCapabilities(base);
}

CapabilityRestore SwitchBetween(const Credentials& base, const LinuxToken& token) {
  AbortOn(RegainRights(base));
  Progress done = Progress::kNothing;
  CapabilityRestore restore_by =
      DependsOnCapabilities(base) ? CapabilityRestore::kByCapset : RestoreAfterUidChange(base, token);
  try {
    RequireSwitchable(base, token.identity());
    ApplyIdentity(base, token, done, restore_by);
    return restore_by;
  } catch (...) {
    SwitchBack(base, restore_by);
    throw;
  }
}

void SwitchBack(const Credentials& base, CapabilityRestore capabilities) noexcept {
  AbortOn(WriteCredentials(base, capabilities));
}

}  // namespace impersonate::linux_port
