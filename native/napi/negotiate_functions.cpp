#include "napi/negotiate_functions.h"

#include <memory>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/port/negotiate.h"
#include "napi/arguments.h"
#include "napi/environment.h"
#include "napi/error_bridge.h"
#include "napi/thread_promise.h"
#include "napi/token_functions.h"

namespace impersonate {
namespace {

std::vector<unsigned char> BytesArgument(const Napi::CallbackInfo& info, std::size_t index) {
  const Napi::Value value = info[index];
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array)
    throw Error("ERR_INVALID_ARG_TYPE", "A Uint8Array is needed");
  const auto bytes = value.As<Napi::Uint8Array>();
  return std::vector<unsigned char>(bytes.Data(), bytes.Data() + bytes.ByteLength());
}

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

Napi::Value LegObject(Napi::Env env, LegResult result) {
  Napi::Object object = Napi::Object::New(env);
  if (!result.reply.empty())
    object.Set("reply", Napi::Buffer<unsigned char>::Copy(env, result.reply.data(), result.reply.size()));
  // Last: nothing may come between a token in the table and whoever closes it.
  object.Set("token", result.token ? NewToken(env, std::move(result.token)) : Napi::Number::New(env, 0));
  return object;
}

Napi::Value AcceptLeg(const Napi::CallbackInfo& info) {
  auto context = Environment::Of(info.Env()).server_contexts().Find(IntegerArgument(info, 0));
  return ThreadPromise<LegResult>::Start(
      info.Env(), "impersonate:acceptLeg",
      [context = std::move(context), leg = BytesArgument(info, 1)] { return context->Accept(leg); },
      LegObject);
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
  Export<AcceptLeg>(env, exports, "acceptLeg");
  Export<DeleteContext>(env, exports, "deleteContext");
}

}  // namespace impersonate
