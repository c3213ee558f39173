#include "bindings.h"
#include "fault.h"
#include "import_table.h"
#include "js_values.h"
#include "redirects.h"
#include "text.h"

namespace seam {
namespace {

FaultSpan ReadSpan(const Napi::Value& value) {
  if (value.IsUndefined()) return {};
  const Napi::Object in = value.As<Napi::Object>();
  return {ReadNumberOr(in.Get("skip"), 0), ReadNumberOr(in.Get("times"), 1)};
}

Napi::Value Fail(const Napi::CallbackInfo& info) {
  const HMODULE module = FindModule(ReadText(info[0]));
  const Napi::Object fault = info[2].As<Napi::Object>();
  const DWORD error = ReadNumber(fault.Get("error"));
  // Sign-extended, as a function that returns a status or INVALID_HANDLE_VALUE does.
  const Napi::Value returns = fault.Get("returns");
  const int64_t value = returns.IsNumber() ? returns.As<Napi::Number>().Int64Value() : 0;
  const bool late = fault.Get("late").ToBoolean();
  return WriteLabels(info.Env(), FailImport(module, Utf8(ReadText(info[1])), error,
                                            static_cast<uint64_t>(value), ReadSpan(fault), late));
}

Napi::Value Downgrade(const Napi::CallbackInfo& info) {
  return WriteLabels(info.Env(), DowngradeThreadToken(FindModule(ReadText(info[0])), ReadSpan(info[1])));
}

Napi::Value Swap(const Napi::CallbackInfo& info) {
  return WriteLabels(info.Env(),
                     SwapThreadToken(FindModule(ReadText(info[0])), ReadHandle(info[1]), ReadSpan(info[2])));
}

Napi::Value Calls(const Napi::CallbackInfo& info) {
  const HMODULE module = FindModule(ReadText(info[0]));
  return Napi::Number::New(info.Env(), static_cast<double>(CountCalls(module, Utf8(ReadText(info[1])))));
}

Napi::Value Imports(const Napi::CallbackInfo& info) {
  std::vector<std::string> labels;
  for (const Import& import : ListImports(FindModule(ReadText(info[0])))) labels.push_back(import.Label());
  return WriteLabels(info.Env(), labels);
}

Napi::Value Clear(const Napi::CallbackInfo& info) {
  ClearFaults();
  return info.Env().Undefined();
}

Napi::Value Unpatch(const Napi::CallbackInfo& info) {
  ClearFaults();
  RestoreImports();
  return info.Env().Undefined();
}

}  // namespace

void BindFaults(Napi::Object& exports) {
  Export<Fail>(exports, "failImport");
  Export<Downgrade>(exports, "lieSetThreadToken");
  Export<Swap>(exports, "swapThreadToken");
  Export<Calls>(exports, "importCalls");
  Export<Imports>(exports, "imports");
  Export<Clear>(exports, "clearFaults");
  Export<Unpatch>(exports, "unpatchAll");
}

}  // namespace seam
