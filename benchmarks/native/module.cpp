#include "floor.h"

namespace {

// nothing(): the cost of crossing into native code.
void Nothing(const Napi::CallbackInfo&) {}

Napi::Value AllocatedBytes(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), floor_addon::AllocatedBytes());
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("switchPairs", Napi::Function::New(env, floor_addon::SwitchPairs));
  exports.Set("checkedSwitchPairs", Napi::Function::New(env, floor_addon::CheckedSwitchPairs));
  exports.Set("allocatedBytes", Napi::Function::New(env, AllocatedBytes));
  exports.Set("nothing", Napi::Function::New(env, Nothing));
  return exports;
}

}  // namespace

NODE_API_MODULE(floor, Init)
