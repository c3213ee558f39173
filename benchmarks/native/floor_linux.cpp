#include <linux/capability.h>
#include <malloc.h>
#include <sys/syscall.h>
#include <unistd.h>

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
bool SwitchPair(const User& user, const std::vector<gid_t>& own) {
  return syscall(SYS_setgroups, user.group_count, user.groups) == 0 &&
         syscall(SYS_setresgid, user.gid, user.gid, -1) == 0 &&
         syscall(SYS_setresuid, user.uid, user.uid, 0) == 0 && syscall(SYS_setresuid, 0, 0, 0) == 0 &&
         syscall(SYS_setresgid, 0, 0, 0) == 0 && syscall(SYS_setgroups, own.size(), own.data()) == 0;
}

// Everything that a switch changes and a way back has to know.
bool ReadThread(std::vector<gid_t>& groups) {
  uid_t uid[3];
  gid_t gid[3];
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct capabilities[2];
  groups.resize(64);
  const long count = syscall(SYS_getgroups, groups.size(), groups.data());
  if (count < 0) return false;
  groups.resize(static_cast<std::size_t>(count));
  return syscall(SYS_getresuid, &uid[0], &uid[1], &uid[2]) == 0 &&
         syscall(SYS_getresgid, &gid[0], &gid[1], &gid[2]) == 0 &&
         syscall(SYS_capget, &header, capabilities) == 0;
}

// The groups are a Uint32Array, which is used in place.
User UserOf(const Napi::CallbackInfo& info) {
  const auto groups = info[2].As<Napi::Uint32Array>();
  return {info[0].As<Napi::Number>().Uint32Value(), info[1].As<Napi::Number>().Uint32Value(),
          groups.ElementLength(), groups.Data()};
}

void Run(const Napi::CallbackInfo& info, bool with_reads) {
  const User user = UserOf(info);
  const std::vector<gid_t>& own = OwnGroups();
  std::vector<gid_t> before;
  const std::int64_t count = info[3].As<Napi::Number>().Int64Value();
  for (std::int64_t i = 0; i < count; ++i) {
    if ((with_reads && !ReadThread(before)) || !SwitchPair(user, own)) {
      throw Napi::Error::New(info.Env(), "the bare system calls were refused");
    }
  }
}

}  // namespace

void SwitchPairs(const Napi::CallbackInfo& info) { Run(info, false); }

void SwitchPairsWithReads(const Napi::CallbackInfo& info) { Run(info, true); }

double AllocatedBytes() {
  const struct mallinfo2 heap = mallinfo2();
  return static_cast<double>(heap.uordblks + heap.hblkhd);
}

}  // namespace floor_addon
