#include <napi.h>

#include <memory>
#include <utility>

#include "core/port/profile.h"
#include "core/scope_stack.h"
#include "napi/arguments.h"
#include "napi/environment.h"
#include "napi/error_bridge.h"
#include "napi/exports.h"
#include "napi/thread_promise.h"

namespace impersonate {
namespace {

// Shared, as the result of a promise must be copyable.
using Loaded = std::shared_ptr<port::Profile>;

Napi::Value LoadProfile(const Napi::CallbackInfo& info) {
  const TokenRef token = TokenArgument(info, 0);
  return ThreadPromise<Loaded>::Start(
      info.Env(), "impersonate:loadProfile", [token]() -> Loaded { return port::LoadProfile(token); },
      [](Napi::Env env, Loaded profile) -> Napi::Value {
        return Napi::Number::New(env, Environment::Of(env).profiles().Add(std::move(profile)));
      });
}

Napi::Value UnloadProfile(const Napi::CallbackInfo& info) {
  // The work has the only reference.
  auto profile =
      std::make_shared<Loaded>(Environment::Of(info.Env()).profiles().Take(IntegerArgument(info, 0)));
  return ThreadPromise<bool>::Start(
      info.Env(), "impersonate:unloadProfile",
      [profile] {
        profile->reset();
        return true;
      },
      [](Napi::Env env, bool) { return env.Undefined(); });
}

Napi::Value KnownFolder(const Napi::CallbackInfo& info) {
  const TokenRef token = TokenArgument(info, 0);
  const BaselineScope as_process;
  return Napi::String::New(info.Env(), port::KnownFolder(*token, StringArgument(info, 1)));
}

}  // namespace

void ExportProfileFunctions(Napi::Env env, Napi::Object exports) {
  Export<LoadProfile>(env, exports, "loadProfile");
  Export<UnloadProfile>(env, exports, "unloadProfile");
  Export<KnownFolder>(env, exports, "knownFolder");
}

}  // namespace impersonate
