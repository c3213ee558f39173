#include <cstdint>

#include "floor.h"

// Plain Node-API in the measured calls, the fastest way into C++.
namespace {

using floor_addon::Identity;

struct Checks {
  bool (*enter)(const Identity&);
  bool (*revert)();
};

constexpr Checks kNone{floor_addon::Enter, floor_addon::Revert};
constexpr Checks kAll{floor_addon::EnterChecked, floor_addon::RevertChecked};

napi_value Failed(napi_env env) {
  napi_throw_error(env, nullptr, "the bare system calls failed");
  return nullptr;
}

struct Arguments {
  Arguments(napi_env env, napi_callback_info info) {
    napi_get_cb_info(env, info, &count, values, nullptr, nullptr);
    void* external = nullptr;
    napi_get_value_external(env, values[0], &external);
    identity = static_cast<const Identity*>(external);
  }

  std::size_t count = 2;
  napi_value values[2];
  const Identity* identity;
};

// nothing(): the cost of a call into native code.
napi_value Nothing(napi_env, napi_callback_info) { return nullptr; }

// identity(...): the argument of the other functions. Its own arguments depend on the port.
Napi::Value MakeIdentity(const Napi::CallbackInfo& info) {
  const auto finalize = [](Napi::Env, Identity* identity) { floor_addon::IdentityDelete()(identity); };
  return Napi::External<Identity>::New(info.Env(), floor_addon::MakeIdentity(info).release(), finalize);
}

// switchPairs(identity, count), checkedSwitchPairs(identity, count): switches and reverts `count` times.
template <const Checks& checks>
napi_value SwitchPairs(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  std::int64_t count = 0;
  napi_get_value_int64(env, arguments.values[1], &count);
  for (std::int64_t i = 0; i < count; ++i) {
    if (!checks.enter(*arguments.identity) || !checks.revert()) return Failed(env);
  }
  return nullptr;
}

// enter(identity), revert(): one switch each.
napi_value Enter(napi_env env, napi_callback_info info) {
  return kNone.enter(*Arguments(env, info).identity) ? nullptr : Failed(env);
}

napi_value Revert(napi_env env, napi_callback_info) { return kNone.revert() ? nullptr : Failed(env); }

// around(identity, fn), checkedAround(identity, fn): calls `fn` as the identity, from one native frame.
template <const Checks& checks>
napi_value Around(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  napi_value undefined = nullptr, result = nullptr;
  napi_get_undefined(env, &undefined);
  if (!checks.enter(*arguments.identity)) return Failed(env);
  napi_call_function(env, undefined, arguments.values[1], 0, nullptr, &result);
  return checks.revert() ? result : Failed(env);
}

Napi::Value AllocatedBytes(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), floor_addon::AllocatedBytes());
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  const auto plain = [&](const char* name, napi_callback callback) {
    napi_value function = nullptr;
    NAPI_THROW_IF_FAILED_VOID(
        env, napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, nullptr, &function));
    exports.Set(name, Napi::Value(env, function));
  };
  plain("nothing", Nothing);
  plain("switchPairs", SwitchPairs<kNone>);
  plain("checkedSwitchPairs", SwitchPairs<kAll>);
  plain("enter", Enter);
  plain("revert", Revert);
  plain("around", Around<kNone>);
  plain("checkedAround", Around<kAll>);
  exports.Set("identity", Napi::Function::New(env, MakeIdentity));
  exports.Set("allocatedBytes", Napi::Function::New(env, AllocatedBytes));
  return exports;
}

}  // namespace

NODE_API_MODULE(floor, Init)
