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
  const auto list = info[1].As<Napi::Array>();
  std::vector<std::vector<BYTE>> parts;
  for (uint32_t index = 0; index < list.Length(); ++index) {
    const auto bytes = list.Get(index).As<Napi::Uint8Array>();
    parts.emplace_back(bytes.Data(), bytes.Data() + bytes.ElementLength());
  }
  return Napi::Number::New(info.Env(), static_cast<double>(CountInProcess(ReadNumber(info[0]), parts)));
}

}  // namespace

void BindLogon(Napi::Object& exports) {
  Export<Hold>(exports, "holdLogons");
  Export<Release>(exports, "releaseLogons");
  Export<CountHeld>(exports, "heldLogons");
  Export<CountInMemory>(exports, "countInMemory");
}

}  // namespace seam
