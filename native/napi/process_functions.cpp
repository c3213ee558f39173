#include <napi.h>

#include <cstdint>
#include <string>
#include <vector>

#include "core/port/com.h"
#include "core/port/diagnosis.h"
#include "core/port/process.h"
#include "core/scope_stack.h"
#include "napi/arguments.h"
#include "napi/environment.h"
#include "napi/error_bridge.h"
#include "napi/exports.h"
#include "pool/user_threads.h"

namespace impersonate {
namespace {

Napi::Value Initialize(const Napi::CallbackInfo& info) {
  if (!info[0].IsObject()) throw Error("ERR_INVALID_ARG_TYPE", "The hooks must be an object");
  const auto hooks = info[0].As<Napi::Object>();
  const Napi::Value create_error = hooks.Get("createError"), describe_leak = hooks.Get("describeLeak"),
                    noop = hooks.Get("noop");
  if (!create_error.IsFunction() || !describe_leak.IsFunction() || !noop.IsFunction()) {
    throw Error("ERR_INVALID_ARG_TYPE", "The hooks must be functions");
  }
  Environment::Of(info.Env())
      .SetHooks(create_error.As<Napi::Function>(), describe_leak.As<Napi::Function>(),
                noop.As<Napi::Function>());
  return info.Env().Undefined();
}

Napi::Value ChangeCredentials(const Napi::CallbackInfo& info) {
  const Napi::Function change = FunctionArgument(info, 0);
  const pool::UserThreads::Pause no_users;
  const port::CredentialChange no_scopes;
  return change.Call({});
}

Napi::Value ProcessFacts(const Napi::CallbackInfo& info) {
  const BaselineScope as_process;
  Napi::Object facts = Napi::Object::New(info.Env());
  for (const Fact& fact : port::ProcessFacts()) facts.Set(fact.name, fact.text);
  return facts;
}

Napi::Value DropPrivileges(const Napi::CallbackInfo& info) {
  const std::vector<std::string> keep = StringsArgument(info, 0);
  const pool::UserThreads::Pause no_users;
  const port::CredentialChange no_scopes;
  port::DropPrivileges(keep);
  return info.Env().Undefined();
}

Napi::Value InitializeComSecurity(const Napi::CallbackInfo& info) {
  port::ComSecurity security;
  security.dynamic_cloaking = IntegerArgument(info, 0) != 0;
  security.authentication = static_cast<std::uint32_t>(IntegerArgument(info, 1));
  security.level = static_cast<std::uint32_t>(IntegerArgument(info, 2));
  port::InitializeComSecurity(security);
  return info.Env().Undefined();
}

class NoWork final : public Napi::AsyncWorker {
 public:
  explicit NoWork(Napi::Env env) : Napi::AsyncWorker(env, "impersonate:pool") {}
  void Execute() override {}
};

}  // namespace

void ExportProcessFunctions(Napi::Env env, Napi::Object exports) {
  Export<Initialize>(env, exports, "initialize");
  Export<ChangeCredentials>(env, exports, "changeCredentials");
  Export<ProcessFacts>(env, exports, "processFacts");
  Export<DropPrivileges>(env, exports, "dropPrivileges");
  Export<InitializeComSecurity>(env, exports, "initializeComSecurity");
}

void StartPoolThreads(Napi::Env env) {
  // Deletes itself when the job is done.
  (new NoWork(env))->Queue();
}

}  // namespace impersonate
