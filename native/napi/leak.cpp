#include "napi/leak.h"

#include "core/fatal.h"
#include "napi/environment.h"

namespace impersonate {
namespace {

constexpr int kExitCode = 70;  // EX_SOFTWARE of sysexits.h

}  // namespace

void ReportLeak(napi_env raw_env, const char* where) {
  const Napi::Env env(raw_env);
  napi_value pending = nullptr;
  napi_get_and_clear_last_exception(env, &pending);
  napi_value argument = nullptr, undefined = nullptr, result = nullptr;
  napi_create_string_utf8(env, where, NAPI_AUTO_LENGTH, &argument);
  napi_get_undefined(env, &undefined);
  const napi_value hook = Environment::Of(env).on_leak().Value();
  if (napi_call_function(env, undefined, hook, 1, &argument, &result) != napi_ok) {
    bool thrown = false;
    napi_is_exception_pending(env, &thrown);
    // A call that fails with nothing thrown was never made: the environment is stopping, and a stopped
    // program runs no finally block that could have left its scopes.
    if (!thrown) return;
  }
  Die("impersonate: a scope was left open, and the report of it failed", kExitCode);
}

}  // namespace impersonate
