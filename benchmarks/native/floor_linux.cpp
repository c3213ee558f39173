#include <malloc.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "floor.h"

namespace floor_addon {
namespace {

struct User {
  uid_t uid;
  gid_t gid;
  std::size_t group_count;
  const gid_t* groups;
};

// Asked once: they do not change.
const std::vector<gid_t>& OwnGroups() {
  static const std::vector<gid_t> own = [] {
    std::vector<gid_t> groups(static_cast<std::size_t>(syscall(SYS_getgroups, 0, nullptr)));
    syscall(SYS_getgroups, groups.size(), groups.data());
    return groups;
  }();
  return own;
}

// The saved uid of 0 is the way back.
bool SwitchTo(const User& user) {
  return syscall(SYS_setgroups, user.group_count, user.groups) == 0 &&
         syscall(SYS_setresgid, user.gid, user.gid, -1) == 0 &&
         syscall(SYS_setresuid, user.uid, user.uid, 0) == 0;
}

bool SwitchBack(const std::vector<gid_t>& own) {
  return syscall(SYS_setresuid, 0, 0, 0) == 0 && syscall(SYS_setresgid, 0, 0, 0) == 0 &&
         syscall(SYS_setgroups, own.size(), own.data()) == 0;
}

// Whether the thread is still what it was when everything was read: what it opens files by.
bool IsAsBefore(const std::vector<gid_t>& own) {
  gid_t groups[64];
  const long count = syscall(SYS_getgroups, 64, groups);
  return syscall(SYS_setfsuid, -1) == 0 && syscall(SYS_setfsgid, -1) == 0 && count >= 0 &&
         std::equal(own.begin(), own.end(), groups, groups + count);
}

// Whether the calls have done what they have claimed.
bool Is(uid_t uid, gid_t gid) {
  return static_cast<uid_t>(syscall(SYS_geteuid)) == uid && static_cast<gid_t>(syscall(SYS_getegid)) == gid;
}

// The groups are a Uint32Array, which is used in place.
User UserOf(const Napi::CallbackInfo& info) {
  const auto groups = info[2].As<Napi::Uint32Array>();
  return {info[0].As<Napi::Number>().Uint32Value(), info[1].As<Napi::Number>().Uint32Value(),
          groups.ElementLength(), groups.Data()};
}

bool SwitchPair(const User& user, const std::vector<gid_t>& own) { return SwitchTo(user) && SwitchBack(own); }

bool CheckedPair(const User& user, const std::vector<gid_t>& own) {
  return IsAsBefore(own) && SwitchTo(user) && Is(user.uid, user.gid) && SwitchBack(own) && Is(0, 0);
}

void Run(const Napi::CallbackInfo& info, bool (*pair)(const User&, const std::vector<gid_t>&)) {
  const User user = UserOf(info);
  const std::vector<gid_t>& own = OwnGroups();
  const std::int64_t count = info[3].As<Napi::Number>().Int64Value();
  for (std::int64_t i = 0; i < count; ++i) {
    if (!pair(user, own)) throw Napi::Error::New(info.Env(), "the bare system calls were refused");
  }
}

}  // namespace

void SwitchPairs(const Napi::CallbackInfo& info) { Run(info, SwitchPair); }

void CheckedSwitchPairs(const Napi::CallbackInfo& info) { Run(info, CheckedPair); }

double AllocatedBytes() {
  const struct mallinfo2 heap = mallinfo2();
  return static_cast<double>(heap.uordblks + heap.hblkhd);
}

}  // namespace floor_addon
