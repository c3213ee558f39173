#include "napi/derive_functions.h"

#include <cstdint>
#include <string>
#include <utility>

#include "core/derive.h"
#include "core/error.h"
#include "core/port.h"
#include "core/scope_stack.h"
#include "napi/arguments.h"
#include "napi/error_bridge.h"
#include "napi/promise_worker.h"
#include "napi/token_functions.h"

namespace impersonate {
namespace {

Napi::Value LinkedToken(const Napi::CallbackInfo& info) {
  TokenRef linked = port::LinkedToken(*TokenArgument(info, 0));
  return linked ? NewToken(info.Env(), std::move(linked)) : Napi::Number::New(info.Env(), 0);
}

// The kernel's word comes before the process's: what another addon has put on the thread is never exchanged
// for more.
TokenRef EffectiveToken(const Napi::CallbackInfo& info) {
  if (TokenRef scope = ScopeStack::OfThread().current_token()) return scope;
  if (IntegerArgument(info, 0) != 0) return TokenArgument(info, 0);
  if (TokenRef thread = port::ThreadToken()) return thread;
  return port::ProcessToken();
}

Napi::Value PrivilegedToken(const Napi::CallbackInfo& info) {
  return NewToken(info.Env(), port::WithPrivileges(*EffectiveToken(info), StringsArgument(info, 1)));
}

AccessTarget TargetArgument(const Napi::CallbackInfo& info) {
  const std::string kind = StringArgument(info, 1);
  if (kind != "descriptor") {
    const auto text = kind == "path" ? AccessTarget::Kind::kPath : AccessTarget::Kind::kSddl;
    return {text, StringArgument(info, 2), {}};
  }
  if (!info[2].IsTypedArray() || info[2].As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array)
    throw Error("ERR_INVALID_ARG_TYPE", "Native argument 2 must be of type Uint8Array");
  const auto bytes = info[2].As<Napi::Uint8Array>();
  return {AccessTarget::Kind::kDescriptor, "", {bytes.Data(), bytes.Data() + bytes.ElementLength()}};
}

Napi::Value CheckAccess(const Napi::CallbackInfo& info) {
  return PromiseWorker<bool>::Start(
      info.Env(), "impersonate:canAccess",
      [token = TokenArgument(info, 0), target = TargetArgument(info),
       mask = info[3].ToNumber().Uint32Value()] { return port::CheckAccess(*token, target, mask); },
      [](Napi::Env env, bool granted) { return Napi::Boolean::New(env, granted); });
}

Napi::Value Fingerprint(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), port::Fingerprint(*TokenArgument(info, 0)));
}

}  // namespace

void ExportDeriveFunctions(Napi::Env env, Napi::Object exports) {
  Export<LinkedToken>(env, exports, "linkedToken");
  Export<PrivilegedToken>(env, exports, "privilegedToken");
  Export<CheckAccess>(env, exports, "checkAccess");
  Export<Fingerprint>(env, exports, "fingerprint");
}

}  // namespace impersonate
