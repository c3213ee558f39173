#include <linux/capability.h>
#include <malloc.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <vector>

#include "floor.h"

namespace floor_addon {

struct Identity {
  uid_t uid;
  gid_t gid;
  std::vector<gid_t> groups;
};

void IdentityDelete::operator()(Identity* identity) const noexcept { delete identity; }

// identity(uid, gid, Uint32Array of groups)
IdentityPtr MakeIdentity(const Napi::CallbackInfo& info) {
  const auto groups = info[2].As<Napi::Uint32Array>();
  return IdentityPtr(new Identity{info[0].As<Napi::Number>().Uint32Value(),
                                  info[1].As<Napi::Number>().Uint32Value(),
                                  {groups.Data(), groups.Data() + groups.ElementLength()}});
}

namespace {

using Capabilities = __user_cap_data_struct[2];

long CallOnCapabilities(long call, const Capabilities& capabilities) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  return syscall(call, &header, capabilities);
}

// The process's credentials, read once: they do not change.
struct Own {
  uid_t uid = static_cast<uid_t>(syscall(SYS_geteuid));
  gid_t gid = static_cast<gid_t>(syscall(SYS_getegid));
  std::vector<gid_t> groups;
  Capabilities capabilities{};

  Own() : groups(static_cast<std::size_t>(syscall(SYS_getgroups, 0, nullptr))) {
    syscall(SYS_getgroups, groups.size(), groups.data());
    CallOnCapabilities(SYS_capget, capabilities);
  }
};

const Own& Process() {
  static const Own own;
  return own;
}

// Root's capabilities change with the uid; those of another service must be cleared and restored.
bool LimitCapabilities(const Own& own) {
  if (own.uid == 0) return true;
  Capabilities none;
  std::memcpy(none, own.capabilities, sizeof none);
  none[0].effective = none[1].effective = 0;
  return CallOnCapabilities(SYS_capset, none) == 0;
}

bool HasCapabilities(const Own& own, bool effective) {
  if (own.uid == 0) return true;
  Capabilities now{};
  return CallOnCapabilities(SYS_capget, now) == 0 &&
         now[0].effective == (effective ? own.capabilities[0].effective : 0);
}

// Whether the thread's file system credentials are still those that were read at first.
bool IsAsBefore(const Own& own) {
  gid_t groups[64];
  const long count = syscall(SYS_getgroups, 64, groups);
  return static_cast<uid_t>(syscall(SYS_setfsuid, -1)) == own.uid &&
         static_cast<gid_t>(syscall(SYS_setfsgid, -1)) == own.gid && count >= 0 &&
         std::equal(own.groups.begin(), own.groups.end(), groups, groups + count) &&
         HasCapabilities(own, true);
}

bool Is(uid_t uid, gid_t gid) {
  return static_cast<uid_t>(syscall(SYS_geteuid)) == uid && static_cast<gid_t>(syscall(SYS_getegid)) == gid;
}

}  // namespace

// The saved uid allows the thread to revert.
bool Enter(const Identity& identity) {
  const Own& own = Process();
  return syscall(SYS_setgroups, identity.groups.size(), identity.groups.data()) == 0 &&
         syscall(SYS_setresgid, identity.gid, identity.gid, -1) == 0 &&
         syscall(SYS_setresuid, identity.uid, identity.uid, own.uid) == 0 && LimitCapabilities(own);
}

bool Revert() {
  const Own& own = Process();
  return (own.uid == 0 || CallOnCapabilities(SYS_capset, own.capabilities) == 0) &&
         syscall(SYS_setresuid, own.uid, own.uid, own.uid) == 0 &&
         syscall(SYS_setresgid, own.gid, own.gid, own.gid) == 0 &&
         syscall(SYS_setgroups, own.groups.size(), own.groups.data()) == 0;
}

bool EnterChecked(const Identity& identity) {
  const Own& own = Process();
  return IsAsBefore(own) && Enter(identity) && HasCapabilities(own, false) && Is(identity.uid, identity.gid);
}

bool RevertChecked() { return Revert() && Is(Process().uid, Process().gid); }

double AllocatedBytes() {
  const struct mallinfo2 heap = mallinfo2();
  return static_cast<double>(heap.uordblks + heap.hblkhd);
}

}  // namespace floor_addon
