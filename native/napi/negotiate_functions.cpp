#include <napi.h>

#include <memory>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/port/negotiate.h"
#include "napi/arguments.h"
#include "napi/environment.h"
#include "napi/error_bridge.h"
#include "napi/exports.h"
#include "napi/thread_promise.h"

namespace impersonate {
namespace {

Napi::Value AcquireCredentials(const Napi::CallbackInfo& info) {
  auto credentials =
      port::AcquireServerCredentials(StringArgument(info, 0), StringArgument(info, 1), info[2].ToBoolean());
  return Napi::Number::New(info.Env(),
                           Environment::Of(info.Env()).server_credentials().Add(std::move(credentials)));
}

Napi::Value FreeCredentials(const Napi::CallbackInfo& info) {
  Environment::Of(info.Env()).server_credentials().Forget(IntegerArgument(info, 0));
  return info.Env().Undefined();
}

Napi::Value NewContext(const Napi::CallbackInfo& info) {
  Environment& environment = Environment::Of(info.Env());
  auto context = port::NewServerContext(environment.server_credentials().Find(IntegerArgument(info, 0)));
  return Napi::Number::New(info.Env(), environment.server_contexts().Add(std::move(context)));
}

Napi::Value ResultObject(Napi::Env env, HandshakeResult result) {
  Napi::Object object = Napi::Object::New(env);
  if (!result.reply.empty())
    object.Set("reply", Napi::Buffer<unsigned char>::Copy(env, result.reply.data(), result.reply.size()));
  // Last, so that nothing can fail between the creation of the token's id and its delivery.
  object.Set("token", result.token ? NewToken(env, std::move(result.token)) : Napi::Number::New(env, 0));
  return object;
}

Napi::Value AcceptMessage(const Napi::CallbackInfo& info) {
  auto context = Environment::Of(info.Env()).server_contexts().Find(IntegerArgument(info, 0));
  return ThreadPromise<HandshakeResult>::Start(
      info.Env(), "impersonate:acceptMessage",
      [context = std::move(context), message = BytesArgument(info, 1)] { return context->Accept(message); },
      ResultObject);
}

Napi::Value DeleteContext(const Napi::CallbackInfo& info) {
  Environment::Of(info.Env()).server_contexts().Forget(IntegerArgument(info, 0));
  return info.Env().Undefined();
}

}  // namespace

void ExportNegotiateFunctions(Napi::Env env, Napi::Object exports) {
  Export<AcquireCredentials>(env, exports, "acquireCredentials");
  Export<FreeCredentials>(env, exports, "freeCredentials");
  Export<NewContext>(env, exports, "newContext");
  Export<AcceptMessage>(env, exports, "acceptMessage");
  Export<DeleteContext>(env, exports, "deleteContext");
}

}  // namespace impersonate
