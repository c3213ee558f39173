#include <fcntl.h>
#include <napi.h>
#include <sys/types.h>

#include <cerrno>
#include <cstdint>
#include <string>
#include <vector>

#include "credential_calls.h"
#include "syscall_fault.h"
#include "syscall_names.h"

namespace probe {
namespace {

// setUserIds(real, effective, saved): errno
Napi::Value SetUserIdsFrom(const Napi::CallbackInfo& info) {
  const auto id = [&info](std::size_t index) {
    return static_cast<uid_t>(info[index].ToNumber().Int64Value());
  };
  return Napi::Number::New(info.Env(), SetUserIds(id(0), id(1), id(2)));
}

// setGroupIds(real, effective, saved): errno
Napi::Value SetGroupIdsFrom(const Napi::CallbackInfo& info) {
  const auto id = [&info](std::size_t index) {
    return static_cast<gid_t>(info[index].ToNumber().Int64Value());
  };
  return Napi::Number::New(info.Env(), SetGroupIds(id(0), id(1), id(2)));
}

// setFileIds(uid, gid): errno
Napi::Value SetFileIdsFrom(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(),
                           SetFileIds(info[0].ToNumber().Uint32Value(), info[1].ToNumber().Uint32Value()));
}

// setCapabilities(bits): errno
Napi::Value SetCapabilitiesFrom(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), SetCapabilities(info[0].ToNumber().Uint32Value()));
}

// setGroups(ids): errno
Napi::Value SetGroupsFrom(const Napi::CallbackInfo& info) {
  const auto list = info[0].As<Napi::Array>();
  std::vector<gid_t> groups;
  for (std::uint32_t index = 0; index < list.Length(); ++index) {
    groups.push_back(list.Get(index).ToNumber().Uint32Value());
  }
  return Napi::Number::New(info.Env(), SetGroups(groups));
}

// setEffective(bits), setSecurebits(bits): errno
Napi::Value SetEffectiveFrom(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), SetEffective(info[0].ToNumber().Uint32Value()));
}
Napi::Value SetSecurebitsFrom(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), SetSecurebits(info[0].ToNumber().Uint32Value()));
}

// failSyscall(name, errno, argument?): throws if the filter cannot be installed
template <Threads threads>
void FailSyscall(const Napi::CallbackInfo& info) {
  const std::string name = info[0].As<Napi::String>();
  const auto number = SyscallNumber(name);
  if (!number) throw Napi::Error::New(info.Env(), "no such system call: " + name);
  SyscallFault fault{*number, info[1].As<Napi::Number>().Int32Value(), {}};
  if (info.Length() > 2 && !info[2].IsUndefined()) fault.argument = info[2].ToNumber().Uint32Value();
  const int error = InstallFault(fault, threads);
  if (error != 0) throw Napi::Error::New(info.Env(), "seccomp failed with errno " + std::to_string(error));
}

// holdSyscall(name): throws if the filter cannot be installed
void HoldSyscallFrom(const Napi::CallbackInfo& info) {
  const std::string name = info[0].As<Napi::String>();
  const auto number = SyscallNumber(name);
  if (!number) throw Napi::Error::New(info.Env(), "no such system call: " + name);
  const int fd = HoldSyscall(*number);
  if (fd < 0) throw Napi::Error::New(info.Env(), "seccomp failed with errno " + std::to_string(-fd));
}

// inheritDescriptor(fd): errno
Napi::Value InheritDescriptor(const Napi::CallbackInfo& info) {
  const int fd = info[0].ToNumber().Int32Value();
  return Napi::Number::New(info.Env(), fcntl(fd, F_SETFD, 0) == 0 ? 0 : errno);
}

Napi::Object Register(Napi::Env env, Napi::Object exports) {
  exports["setUserIds"] = Napi::Function::New(env, SetUserIdsFrom);
  exports["setGroupIds"] = Napi::Function::New(env, SetGroupIdsFrom);
  exports["setFileIds"] = Napi::Function::New(env, SetFileIdsFrom);
  exports["setCapabilities"] = Napi::Function::New(env, SetCapabilitiesFrom);
  exports["setEffective"] = Napi::Function::New(env, SetEffectiveFrom);
  exports["setSecurebits"] = Napi::Function::New(env, SetSecurebitsFrom);
  exports["setGroups"] = Napi::Function::New(env, SetGroupsFrom);
  exports["failSyscall"] = Napi::Function::New(env, FailSyscall<Threads::kCalling>);
  exports["inheritDescriptor"] = Napi::Function::New(env, InheritDescriptor);
  exports["holdSyscall"] = Napi::Function::New(env, HoldSyscallFrom);
  exports["failSyscallOnAllThreads"] = Napi::Function::New(env, FailSyscall<Threads::kAll>);
  return exports;
}

}  // namespace
}  // namespace probe

static Napi::Object Init(Napi::Env env, Napi::Object exports) { return probe::Register(env, exports); }
NODE_API_MODULE(probe, Init)
