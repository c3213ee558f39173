#include <napi.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#include <vector>

namespace {

// switchPairs(uid, gid, groups, count): the bare system calls of a switch to a user and back to root, in a
// loop. What no scope can be faster than.
void SwitchPairs(const Napi::CallbackInfo& info) {
  const uid_t uid = info[0].As<Napi::Number>().Uint32Value();
  const gid_t gid = info[1].As<Napi::Number>().Uint32Value();
  const auto list = info[2].As<Napi::Array>();
  std::vector<gid_t> groups;
  for (std::uint32_t i = 0; i < list.Length(); ++i) groups.push_back(list.Get(i).ToNumber().Uint32Value());
  std::vector<gid_t> own(static_cast<std::size_t>(syscall(SYS_getgroups, 0, nullptr)));
  syscall(SYS_getgroups, own.size(), own.data());
  const std::int64_t count = info[3].As<Napi::Number>().Int64Value();
  bool failed = false;
  for (std::int64_t i = 0; i < count; ++i) {
    failed = failed || syscall(SYS_setgroups, groups.size(), groups.data()) != 0;
    failed = failed || syscall(SYS_setresgid, gid, gid, -1) != 0;
    failed = failed || syscall(SYS_setresuid, uid, uid, 0) != 0;
    failed = failed || syscall(SYS_setresuid, 0, 0, 0) != 0;
    failed = failed || syscall(SYS_setresgid, 0, 0, 0) != 0;
    failed = failed || syscall(SYS_setgroups, own.size(), own.data()) != 0;
  }
  if (failed) throw Napi::Error::New(info.Env(), "the bare system calls were refused");
}

// nothing(): the cost of crossing into native code.
void Nothing(const Napi::CallbackInfo&) {}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("switchPairs", Napi::Function::New(env, SwitchPairs));
  exports.Set("nothing", Napi::Function::New(env, Nothing));
  return exports;
}

}  // namespace

NODE_API_MODULE(floor, Init)
