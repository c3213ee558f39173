#include "linux/switch.h"

#include <cerrno>
#include <cstdint>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/fatal.h"
#include "linux/errno_error.h"
#include "linux/reserved_uid.h"
#include "linux/system_calls.h"

namespace impersonate::linux_port {
namespace {

Error NotTaken(const char* what) {
  return Error("ERR_IMPERSONATION_DOWNGRADED", EPERM, what,
               std::string("The kernel accepted the switch but ") + what +
                   " reads back something else: a system call filter or sandbox may be faking it");
}

// The kernel takes all effective capabilities off with the effective uid 0, and puts all permitted ones on
// with it: enough where the token may keep none and the process has all that it may.
CapabilitiesBy WhoLimits(const Credentials& base, const Identity& identity, std::uint64_t wanted) {
  const bool kernel = base.capabilities_follow_uid && base.effective_uid == 0 && identity.uid != 0 &&
                      base.capabilities.effective == base.capabilities.permitted && wanted == 0;
  return kernel ? CapabilitiesBy::kKernel : CapabilitiesBy::kUs;
}

// The thread's capabilities after its ids have been changed.
Capabilities CapabilitiesNow(const Credentials& base, const LinuxToken& token) {
  return RightsAreCapabilities(base) && token.verified() ? base.capabilities : ReadCapabilities();
}

// Leaves only what the token may keep of the process's capabilities.
CapabilitiesBy LimitCapabilities(const Credentials& base, const LinuxToken& token) {
  const std::uint64_t wanted = token.identity().capabilities & base.capabilities.permitted;
  const CapabilitiesBy by = WhoLimits(base, token.identity(), wanted);
  if (by == CapabilitiesBy::kKernel && token.verified()) return by;
  Capabilities now = CapabilitiesNow(base, token);
  if (now.effective == wanted) return by;
  now.effective = wanted;
  if (WriteCapabilities(now) != 0) throw ErrnoError(errno, "capset");
  if (ReadCapabilities().effective != wanted) throw NotTaken("capget");
  return CapabilitiesBy::kUs;
}

// The uid that brings back the right to switch.
uid_t WayBack(const Credentials& base) { return RootInReserve(base) ? 0 : base.effective_uid; }

// What decides what the thread may open, which a call that did nothing would have left as it was.
void VerifyEffective(const Identity& identity) {
  if (raw::GetEuid() != identity.uid) throw NotTaken("geteuid");
  if (raw::GetEgid() != identity.gid) throw NotTaken("getegid");
}

void VerifyAll(const Credentials& base, const Identity& identity) {
  uid_t uid[3];
  if (raw::GetResUid(&uid[0], &uid[1], &uid[2]) != 0) throw ErrnoError(errno, "getresuid");
  if (uid[0] != ReservedUid() || uid[1] != identity.uid || uid[2] != WayBack(base)) {
    throw NotTaken("getresuid");
  }
  gid_t gid[3];
  if (raw::GetResGid(&gid[0], &gid[1], &gid[2]) != 0) throw ErrnoError(errno, "getresgid");
  if (gid[0] != identity.gid || gid[1] != identity.gid) throw NotTaken("getresgid");
  std::vector<gid_t> groups;
  ReadGroups(groups);
  if (groups != identity.groups) throw NotTaken("getgroups");
  if (raw::SetFsUid(raw::kSameUid) != identity.uid) throw NotTaken("setfsuid");
  if (raw::SetFsGid(raw::kSameGid) != identity.gid) throw NotTaken("setfsgid");
}

// The kernel drops a thread's permitted capabilities for good when its last uid of 0 goes.
void RequireWayBack(const Credentials& base, const Identity& identity) {
  if (base.effective_uid == 0 || RootInReserve(base) || identity.uid != 0) return;
  throw Error("EPERM", EPERM, "setresuid",
              "EPERM: a process that is not root cannot act as root and come back, setresuid");
}

// The process of that user could signal every thread that acts as any user.
void RequireNotReserved(const Identity& identity) {
  if (identity.uid != ReservedUid()) return;
  throw Error("ERR_INVALID_IDENTITY",
              "The token's uid is the one that impersonate reserves for the real uid of its threads: set "
              "IMPERSONATE_RESERVED_UID to another");
}

void SetGroupsOf(const Identity& identity) {
  if (raw::SetGroups(identity.groups.size(), identity.groups.data()) != 0)
    throw ErrnoError(errno, "setgroups");
}

void SetGidOf(const Identity& identity) {
  if (raw::SetResGid(identity.gid, identity.gid, raw::kSameGid) != 0) throw ErrnoError(errno, "setresgid");
}

void SetUidOf(const Credentials& base, const Identity& identity) {
  if (raw::SetResUid(ReservedUid(), identity.uid, WayBack(base)) != 0) {
    throw ErrnoError(errno, "setresuid");
  }
}

void AbortOn(const char* failed) noexcept {
  if (!failed) return;
  Abort("cannot restore the thread's identity: " + std::string(failed) + " failed with errno " +
        std::to_string(errno));
}

// What a switch has done of its steps, in their order.
enum class Done { kNothing, kGroups, kGid, kUid };

// Takes back exactly that: the call that has just failed may well fail again.
void Undo(const Credentials& base, Done done) noexcept {
  if (done == Done::kUid) return SwitchBack(base);
  if (done == Done::kGid) AbortOn(WriteGids(base));
  if (done != Done::kNothing) AbortOn(WriteGroups(base));
  if (RootInReserve(base)) AbortOn(PutRootAside(base));
}

// Gives a thread that acts as a user the right to switch, and nothing else that it was.
const char* RaiseRights(const Credentials& base) noexcept {
  if (!RightsAreCapabilities(base)) return RaiseRoot();
  return WriteCapabilities(base.capabilities) != 0 ? "capset" : nullptr;
}

// Goes through the steps; `done` says how far it came where it throws.
CapabilitiesBy PutOn(const Credentials& base, const LinuxToken& token, Done& done) {
  const Identity& identity = token.identity();
  SetGroupsOf(identity);
  done = Done::kGroups;
  SetGidOf(identity);
  done = Done::kGid;
  SetUidOf(base, identity);
  done = Done::kUid;
  const CapabilitiesBy by = LimitCapabilities(base, token);
  if (token.verified()) {
    VerifyEffective(identity);
  } else {
    VerifyAll(base, identity);
    token.MarkVerified();
  }
  return by;
}

}  // namespace

CapabilitiesBy SwitchTo(const Credentials& base, const LinuxToken& token) {
  RequireWayBack(base, token.identity());
  RequireNotReserved(token.identity());
  if (RootInReserve(base) && RaiseRoot()) throw ErrnoError(errno, "setresuid");
  Done done = Done::kNothing;
  try {
    return PutOn(base, token, done);
  } catch (...) {
    Undo(base, done);
    throw;
  }
}

bool CanSwitchOver(const Credentials& base, CapabilitiesBy capabilities) noexcept {
  return capabilities == CapabilitiesBy::kKernel || RightsAreCapabilities(base);
}

CapabilitiesBy SwitchOver(const Credentials& base, const LinuxToken& token) {
  AbortOn(RaiseRights(base));
  Done done = Done::kNothing;
  try {
    RequireWayBack(base, token.identity());
    RequireNotReserved(token.identity());
    return PutOn(base, token, done);
  } catch (...) {
    SwitchBack(base);
    throw;
  }
}

void SwitchBack(const Credentials& base, CapabilitiesBy capabilities) noexcept {
  AbortOn(WriteCredentials(base, capabilities));
}

}  // namespace impersonate::linux_port
