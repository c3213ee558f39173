#include <cstdint>

#include "bindings.h"
#include "default_security.h"
#include "handle_count.h"
#include "js_values.h"
#include "kernel_objects.h"
#include "objects.h"

namespace seam {
namespace {

Napi::Value Create(const Napi::CallbackInfo& info) {
  CreateObject(ReadText(info[0]), ReadText(info[1]));
  return info.Env().Undefined();
}

Napi::Value Open(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(OpenObject(ReadText(info[0]))));
}

Napi::Value CloseAll(const Napi::CallbackInfo& info) {
  CloseObjects();
  return info.Env().Undefined();
}

Napi::Value HandleCount(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(CountHandles()));
}

Napi::Value KernelObjects(const Napi::CallbackInfo& info) {
  Napi::Array list = Napi::Array::New(info.Env());
  for (const KernelObject& object : ReadKernelObjects()) {
    Napi::Object entry = Napi::Object::New(info.Env());
    const auto number = static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(object.handle));
    entry.Set("handle", Napi::BigInt::New(info.Env(), number));
    entry.Set("type", WriteText(info.Env(), object.type));
    entry.Set("security", WriteText(info.Env(), object.security));
    list.Set(list.Length(), entry);
  }
  return list;
}

Napi::Value Granted(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(),
                           static_cast<double>(GrantedAccess(ReadHandle(info[0]), ReadHandle(info[1]))));
}

Napi::Value PatchDefaultSecurity(const Napi::CallbackInfo& info) {
  const std::wstring module = ReadText(info[0]);
  return WriteLabels(info.Env(), RedirectImports(FindModule(module), DefaultSecuritySubstitutes()));
}

}  // namespace

void BindObjects(Napi::Object& exports) {
  Export<Create>(exports, "createObject");
  Export<Open>(exports, "openObject");
  Export<CloseAll>(exports, "closeObjects");
  Export<HandleCount>(exports, "handleCount");
  Export<KernelObjects>(exports, "kernelObjects");
  Export<Granted>(exports, "grantedAccess");
  Export<PatchDefaultSecurity>(exports, "patchDefaultSecurity");
}

}  // namespace seam
