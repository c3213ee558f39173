#include "linux/thread/switch.h"

#include <linux/securebits.h>
#include <sys/prctl.h>

#include <cerrno>
#include <cstdint>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/fatal.h"
#include "linux/credentials/reserved_uid.h"
#include "linux/credentials/system_calls.h"
#include "linux/errno_error.h"
#include "linux/thread/switch_error.h"

namespace impersonate::linux_port {
namespace {

Error NotTaken(const char* what) {
  return Error("ERR_IMPERSONATION_DOWNGRADED", EPERM, what,
               std::string("The kernel accepted the switch but ") + what +
                   " reads back something else: a system call filter or sandbox may be faking it");
}

// What the token may keep in force of the process's capabilities.
std::uint64_t Wanted(const Credentials& base, const LinuxToken& token) {
  return token.identity().capabilities & base.capabilities.permitted;
}

// The kernel takes all effective capabilities off with the effective uid 0, and puts all permitted ones on
// with it: enough where the token may keep none and the process has all that it may.
bool KernelLimits(const Credentials& base, const LinuxToken& token) {
  return base.capabilities_follow_uid && base.effective_uid == 0 && token.identity().uid != 0 &&
         base.capabilities.effective == base.capabilities.permitted && Wanted(base, token) == 0;
}

// Who changes the thread's capabilities until LimitCapabilities has done it. The kernel leaves those of a
// service that is not root as they are.
CapabilitiesBy ByUids(const Credentials& base, const LinuxToken& token) {
  return RightsAreCapabilities(base) || KernelLimits(base, token) ? CapabilitiesBy::kKernel
                                                                  : CapabilitiesBy::kUs;
}

// Those that the thread had lowered could not be given back to it.
void RequireAmbientRaise() {
  const int securebits = ::prctl(PR_GET_SECUREBITS);
  if (securebits < 0) throw ErrnoError(errno, "prctl");
  if ((securebits & SECBIT_NO_CAP_AMBIENT_RAISE) == 0) return;
  throw Error(
      "EPERM", EPERM, "prctl",
      "EPERM: Operation not permitted, prctl: the process has ambient capabilities, which a user's programs "
      "must not get, and SECBIT_NO_CAP_AMBIENT_RAISE, so that they could not be given back");
}

// The thread's capabilities after its ids have been changed.
Capabilities CapabilitiesNow(const Credentials& base, const LinuxToken& token) {
  return RightsAreCapabilities(base) && token.verified() ? base.capabilities : ReadCapabilities();
}

void VerifyUid(const Identity& identity) {
  if (raw::GetEuid() != identity.uid) throw NotTaken("geteuid");
}

// Leaves only what the token may keep of the process's capabilities, to the thread and to programs that it
// would start. Has the kernel confirm the effective uid on the way: the capabilities that it takes off with
// the uid 0 are gone only if that is, and if no securebit that another addon has set keeps them.
void LimitCapabilities(const Credentials& base, const LinuxToken& token, CapabilitiesBy& by) {
  const std::uint64_t wanted = Wanted(base, token);
  Capabilities now = CapabilitiesNow(base, token);
  const bool limited = now.effective == wanted && (now.inheritable & ~wanted) == 0;
  if (!limited || !KernelLimits(base, token)) VerifyUid(token.identity());
  if (limited) return;
  if ((now.ambient & ~wanted) != 0) RequireAmbientRaise();
  now.effective = wanted;
  now.inheritable &= wanted;
  now.ambient &= wanted;
  const char* const failed = WriteCapabilities(now);
  // A capset that is refused may be refused on the way back, too, which takes none then.
  if (failed && std::string(failed) == "capset") throw ErrnoError(errno, failed);
  by = CapabilitiesBy::kUs;
  if (failed) throw ErrnoError(errno, failed);
  if (ReadCapabilities() != now) throw NotTaken("capget");
}

// The uid that brings back the right to switch.
uid_t WayBack(const Credentials& base) { return RootInReserve(base) ? 0 : base.effective_uid; }

void VerifyGid(const Identity& identity) {
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

void SetGroupsOf(const Credentials& base, const Identity& identity) {
  if (raw::SetGroups(identity.groups.size(), identity.groups.data()) == 0) return;
  constexpr std::size_t kMostGroups = 65536;
  throw SwitchError(errno, "setgroups", base, kCapSetGid,
                    identity.groups.size() > kMostGroups
                        ? "the user is in more than NGROUPS_MAX groups"
                        : "a group of the user is not mapped in this user namespace");
}

void SetGidOf(const Credentials& base, const Identity& identity) {
  if (raw::SetResGid(identity.gid, identity.gid, raw::kSameGid) == 0) return;
  throw SwitchError(errno, "setresgid", base, kCapSetGid,
                    "gid " + std::to_string(identity.gid) + " is not mapped in this user namespace");
}

void SetUidOf(const Credentials& base, const Identity& identity) {
  if (raw::SetResUid(ReservedUid(), identity.uid, WayBack(base)) == 0) return;
  throw SwitchError(errno, "setresuid", base, kCapSetUid,
                    "uid " + std::to_string(identity.uid) + " is not mapped in this user namespace");
}

void AbortOn(const char* failed) noexcept {
  if (!failed) return;
  Abort("cannot restore the thread's identity: " + std::string(failed) + " failed with errno " +
        std::to_string(errno));
}

// What a switch has done of its steps, in their order.
enum class Done { kNothing, kGroups, kGid, kUid };

// Takes back exactly that: the call that has just failed may well fail again.
void Undo(const Credentials& base, Done done, CapabilitiesBy by) noexcept {
  if (done == Done::kUid) return SwitchBack(base, by);
  if (done == Done::kGid) AbortOn(WriteGids(base));
  if (done != Done::kNothing) AbortOn(WriteGroups(base));
  if (RootInReserve(base)) AbortOn(PutRootAside(base));
}

// Gives a thread that acts as a user the right to switch, and nothing else that it was.
const char* RaiseRights(const Credentials& base) noexcept {
  if (!RightsAreCapabilities(base)) return RaiseRoot();
  Capabilities rights = base.capabilities;
  rights.inheritable = rights.ambient = 0;
  return WriteCapabilities(rights);
}

// Goes through the steps; `done` and `by` say how far it came where it throws.
void PutOn(const Credentials& base, const LinuxToken& token, Done& done, CapabilitiesBy& by) {
  const Identity& identity = token.identity();
  SetGroupsOf(base, identity);
  done = Done::kGroups;
  SetGidOf(base, identity);
  done = Done::kGid;
  SetUidOf(base, identity);
  done = Done::kUid;
  LimitCapabilities(base, token, by);
  if (token.verified()) {
    VerifyGid(identity);
  } else {
    VerifyAll(base, identity);
    token.MarkVerified();
  }
}

}  // namespace

CapabilitiesBy SwitchTo(const Credentials& base, const LinuxToken& token) {
  RequireWayBack(base, token.identity());
  RequireNotReserved(token.identity());
  CapabilitiesBy by = ByUids(base, token);
  // Where the way back takes capset it must work before there is a way to come back.
  if (by == CapabilitiesBy::kUs) {
    if (const char* failed = WriteCapabilities(base.capabilities)) throw ErrnoError(errno, failed);
  }
  if (RootInReserve(base) && RaiseRoot()) throw ErrnoError(errno, "setresuid");
  Done done = Done::kNothing;
  try {
    PutOn(base, token, done, by);
    return by;
  } catch (...) {
    Undo(base, done, by);
    throw;
  }
}

bool CanSwitchOver(const Credentials& base, CapabilitiesBy capabilities) noexcept {
  return capabilities == CapabilitiesBy::kKernel || RightsAreCapabilities(base);
}

CapabilitiesBy SwitchOver(const Credentials& base, const LinuxToken& token) {
  AbortOn(RaiseRights(base));
  Done done = Done::kNothing;
  CapabilitiesBy by = RightsAreCapabilities(base) ? CapabilitiesBy::kUs : ByUids(base, token);
  try {
    RequireWayBack(base, token.identity());
    RequireNotReserved(token.identity());
    PutOn(base, token, done, by);
    return by;
  } catch (...) {
    SwitchBack(base, by);
    throw;
  }
}

void SwitchBack(const Credentials& base, CapabilitiesBy capabilities) noexcept {
  AbortOn(WriteCredentials(base, capabilities));
}

}  // namespace impersonate::linux_port
