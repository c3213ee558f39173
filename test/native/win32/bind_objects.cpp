#include "bindings.h"
#include "handle_count.h"
#include "js_values.h"
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

}  // namespace

void BindObjects(Napi::Object& exports) {
  Export<Create>(exports, "createObject");
  Export<Open>(exports, "openObject");
  Export<CloseAll>(exports, "closeObjects");
  Export<HandleCount>(exports, "handleCount");
}

}  // namespace seam
