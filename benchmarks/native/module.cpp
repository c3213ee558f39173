#include <cstdint>

#include "floor.h"

// Plain Node-API where a call is measured: no addon crosses into C++ for less.
namespace {

using floor_addon::Identity;

struct Checks {
  bool (*take_on)(const Identity&);
  bool (*give_back)();
};

constexpr Checks kNone{floor_addon::TakeOn, floor_addon::GiveBack};
constexpr Checks kAll{floor_addon::TakeOnChecked, floor_addon::GiveBackChecked};

napi_value Refused(napi_env env) {
  napi_throw_error(env, nullptr, "the bare system calls were refused");
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

// nothing(): the cost of crossing into native code.
napi_value Nothing(napi_env, napi_callback_info) { return nullptr; }

// identity(...): what the others take; the arguments are the port's.
Napi::Value MakeIdentity(const Napi::CallbackInfo& info) {
  const auto finalize = [](Napi::Env, Identity* identity) { floor_addon::IdentityDelete()(identity); };
  return Napi::External<Identity>::New(info.Env(), floor_addon::MakeIdentity(info).release(), finalize);
}

// switchPairs(identity, count), checkedSwitchPairs(identity, count): there and back, so many times.
template <const Checks& checks>
napi_value SwitchPairs(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  std::int64_t count = 0;
  napi_get_value_int64(env, arguments.values[1], &count);
  for (std::int64_t i = 0; i < count; ++i) {
    if (!checks.take_on(*arguments.identity) || !checks.give_back()) return Refused(env);
  }
  return nullptr;
}

// takeOn(identity), giveBack(): a switch each.
napi_value TakeOn(napi_env env, napi_callback_info info) {
  return kNone.take_on(*Arguments(env, info).identity) ? nullptr : Refused(env);
}

napi_value GiveBack(napi_env env, napi_callback_info) { return kNone.give_back() ? nullptr : Refused(env); }

// around(identity, fn), checkedAround(identity, fn): calls it as the identity, from one native frame.
template <const Checks& checks>
napi_value Around(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  napi_value undefined = nullptr, result = nullptr;
  napi_get_undefined(env, &undefined);
  if (!checks.take_on(*arguments.identity)) return Refused(env);
  napi_call_function(env, undefined, arguments.values[1], 0, nullptr, &result);
  return checks.give_back() ? result : Refused(env);
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
  plain("takeOn", TakeOn);
  plain("giveBack", GiveBack);
  plain("around", Around<kNone>);
  plain("checkedAround", Around<kAll>);
  exports.Set("identity", Napi::Function::New(env, MakeIdentity));
  exports.Set("allocatedBytes", Napi::Function::New(env, AllocatedBytes));
  return exports;
}

}  // namespace

NODE_API_MODULE(floor, Init)
