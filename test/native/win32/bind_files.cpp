#include "bindings.h"
#include "call_log.h"
#include "file_access.h"
#include "js_values.h"

namespace seam {
namespace {

Napi::Value Patch(const Napi::CallbackInfo& info) {
  const std::wstring module = info[0].IsUndefined() ? L"" : ReadText(info[0]);
  return WriteLabels(info.Env(), RedirectImports(FindModule(module), FileSubstitutes()));
}

Napi::Value Allow(const Napi::CallbackInfo& info) {
  AddFileRule(ReadText(info[0]), ReadText(info[1]));
  return info.Env().Undefined();
}

Napi::Value Forget(const Napi::CallbackInfo& info) {
  ForgetFileRules();
  return info.Env().Undefined();
}

Napi::Value Take(const Napi::CallbackInfo& info) { return WriteRecords(info.Env(), FileCalls().Take()); }

}  // namespace

void BindFiles(Napi::Object& exports) {
  Export<Patch>(exports, "patchWitness");
  Export<Allow>(exports, "allow");
  Export<Forget>(exports, "forgetRules");
  Export<Take>(exports, "takeRecords");
}

}  // namespace seam
