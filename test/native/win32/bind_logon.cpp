#include "bindings.h"
#include "js_values.h"
#include "logon_gate.h"
#include "process_memory.h"

namespace seam {
namespace {

Napi::Value Hold(const Napi::CallbackInfo& info) {
  HoldLogons(ReadText(info[0]));
  return info.Env().Undefined();
}

Napi::Value Release(const Napi::CallbackInfo& info) {
  ReleaseLogons();
  return info.Env().Undefined();
}

Napi::Value CountHeld(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(CountHeldLogons()));
}

Napi::Value CountInMemory(const Napi::CallbackInfo& info) {
  const auto bytes = info[1].As<Napi::Uint8Array>();
  const std::vector<BYTE> wanted(bytes.Data(), bytes.Data() + bytes.ElementLength());
  return Napi::Number::New(info.Env(), static_cast<double>(CountInProcess(ReadNumber(info[0]), wanted)));
}

}  // namespace

void BindLogon(Napi::Object& exports) {
  Export<Hold>(exports, "holdLogons");
  Export<Release>(exports, "releaseLogons");
  Export<CountHeld>(exports, "heldLogons");
  Export<CountInMemory>(exports, "countInMemory");
}

}  // namespace seam
