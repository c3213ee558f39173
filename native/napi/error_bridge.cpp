#include "napi/error_bridge.h"

#include "napi/environment.h"

namespace impersonate {

Napi::Error ToJavaScript(Napi::Env env, const Error& error) {
  Napi::FunctionReference& create = Environment::Of(env).create_error();
  if (!create.IsEmpty()) {
    const Napi::Value made =
        create.Call({Napi::String::New(env, error.what()), Napi::String::New(env, error.code()),
                     Napi::Number::New(env, error.number()), Napi::String::New(env, error.syscall())});
    return Napi::Error(env, made);
  }
  Napi::Error plain = Napi::Error::New(env, error.what());
  plain.Set("name", Napi::String::New(env, "ImpersonationError"));
  plain.Set("code", Napi::String::New(env, error.code()));
  if (error.number() != 0) plain.Set("errno", Napi::Number::New(env, error.number()));
  if (!error.syscall().empty()) plain.Set("syscall", Napi::String::New(env, error.syscall()));
  return plain;
}

Error ClosedTokenError() { return Error("ERR_TOKEN_CLOSED", "The token is closed"); }

void ReportUncaught(Napi::Env env) {
  bool thrown = false;
  napi_is_exception_pending(env, &thrown);
  napi_value exception = nullptr;
  if (!thrown || napi_get_and_clear_last_exception(env, &exception) != napi_ok) return;
  napi_fatal_exception(env, exception);
}

}  // namespace impersonate
