#include <napi.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "core/error.h"
#include "core/port/initiate.h"
#include "core/port/negotiate.h"
#include "napi/arguments.h"
#include "napi/environment.h"
#include "napi/error_bridge.h"
#include "napi/exports.h"
#include "napi/thread_promise.h"

namespace impersonate {
namespace {

Napi::Value ToBuffer(Napi::Env env, const Bytes& bytes) {
  return Napi::Buffer<unsigned char>::Copy(env, bytes.data(), bytes.size());
}

ExtendedProtection ProtectionArgument(const Napi::CallbackInfo& info, std::size_t index) {
  const std::int32_t value = IntegerArgument(info, index);
  if (value < 0 || value > static_cast<std::int32_t>(ExtendedProtection::kRequire))
    throw Error("ERR_INVALID_ARG_VALUE", "There is no such extended protection");
  return static_cast<ExtendedProtection>(value);
}

Napi::Value AcquireCredentials(const Napi::CallbackInfo& info) {
  ServerOptions options;
  options.package = StringArgument(info, 0);
  options.principal = StringArgument(info, 1);
  options.allow_anonymous = info[2].ToBoolean();
  options.extended_protection = ProtectionArgument(info, 3);
  options.keytab = StringArgument(info, 4);
  options.constrained_delegation = info[5].ToBoolean();
  auto credentials = port::AcquireServerCredentials(options);
  return Napi::Number::New(info.Env(),
                           Environment::Of(info.Env()).server_credentials().Add(std::move(credentials)));
}

Napi::Value FreeCredentials(const Napi::CallbackInfo& info) {
  Environment::Of(info.Env()).server_credentials().Forget(IntegerArgument(info, 0));
  return info.Env().Undefined();
}

Napi::Value NewContext(const Napi::CallbackInfo& info) {
  Environment& environment = Environment::Of(info.Env());
  auto context = port::NewServerContext(environment.server_credentials().Find(IntegerArgument(info, 0)),
                                        BytesArgument(info, 1));
  return Napi::Number::New(info.Env(), environment.server_contexts().Add(std::move(context)));
}

// NativeAcceptance of types/native-negotiate.d.ts.
Napi::Value AcceptanceObject(Napi::Env env, HandshakeResult result) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("done", result.done);
  if (!result.reply.empty()) object.Set("reply", ToBuffer(env, result.reply));
  object.Set("client", result.client);
  object.Set("server", result.server);
  auto& credentials = Environment::Of(env).delegated_credentials();
  // Last, so that nothing can fail between the creation of an id and its delivery.
  const bool has_credential = result.credential != nullptr;
  object.Set("credential", has_credential ? credentials.Add(std::move(result.credential)) : 0);
  object.Set("token", result.token ? NewToken(env, std::move(result.token)) : Napi::Number::New(env, 0));
  return object;
}

Napi::Value AcceptMessage(const Napi::CallbackInfo& info) {
  auto context = Environment::Of(info.Env()).server_contexts().Find(IntegerArgument(info, 0));
  return ThreadPromise<HandshakeResult>::Start(
      info.Env(), "impersonate:acceptMessage",
      [context = std::move(context), message = BytesArgument(info, 1)] { return context->Accept(message); },
      AcceptanceObject);
}

Napi::Value DeleteContext(const Napi::CallbackInfo& info) {
  Environment::Of(info.Env()).server_contexts().Forget(IntegerArgument(info, 0));
  return info.Env().Undefined();
}

Napi::Value WithCredential(const Napi::CallbackInfo& info) {
  auto credential = Environment::Of(info.Env()).delegated_credentials().Take(IntegerArgument(info, 1));
  return NewToken(info.Env(), port::WithCredential(*TokenArgument(info, 0), std::move(credential)));
}

Napi::Value FreeCredential(const Napi::CallbackInfo& info) {
  Environment::Of(info.Env()).delegated_credentials().Forget(IntegerArgument(info, 0));
  return info.Env().Undefined();
}

Napi::Value TokenDelegation(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<int>(port::DelegationOf(*TokenArgument(info, 0))));
}

Napi::Value NewInitiator(const Napi::CallbackInfo& info) {
  InitiatorOptions options;
  options.package = StringArgument(info, 0);
  options.allow_ntlm = info[1].ToBoolean();
  options.keytab = StringArgument(info, 2);
  options.principal = StringArgument(info, 3);
  return Napi::Number::New(info.Env(),
                           Environment::Of(info.Env()).initiators().Add(port::NewInitiator(options)));
}

Napi::Value FreeInitiator(const Napi::CallbackInfo& info) {
  Environment::Of(info.Env()).initiators().Forget(IntegerArgument(info, 0));
  return info.Env().Undefined();
}

Napi::Value NewInitiatorContext(const Napi::CallbackInfo& info) {
  Environment& environment = Environment::Of(info.Env());
  InitiatorTarget target;
  target.name = StringArgument(info, 2);
  target.delegate = info[3].ToBoolean();
  target.channel_bindings = BytesArgument(info, 4);
  target.user = StringArgument(info, 5);
  auto context = port::NewInitiatorContext(environment.initiators().Find(IntegerArgument(info, 0)),
                                           TokenArgument(info, 1), std::move(target));
  return Napi::Number::New(info.Env(), environment.initiator_contexts().Add(std::move(context)));
}

Napi::Value InitiateMessage(const Napi::CallbackInfo& info) {
  auto context = Environment::Of(info.Env()).initiator_contexts().Find(IntegerArgument(info, 0));
  return ThreadPromise<InitiatorResult>::Start(
      info.Env(), "impersonate:initiateMessage",
      [context = std::move(context), message = BytesArgument(info, 1)] { return context->Step(message); },
      [](Napi::Env env, InitiatorResult result) {
        Napi::Object object = Napi::Object::New(env);
        object.Set("done", result.done);
        if (!result.message.empty()) object.Set("message", ToBuffer(env, result.message));
        return object;
      });
}

Napi::Value DeleteInitiatorContext(const Napi::CallbackInfo& info) {
  Environment::Of(info.Env()).initiator_contexts().Forget(IntegerArgument(info, 0));
  return info.Env().Undefined();
}

}  // namespace

void ExportNegotiateFunctions(Napi::Env env, Napi::Object exports) {
  Export<AcquireCredentials>(env, exports, "acquireCredentials");
  Export<FreeCredentials>(env, exports, "freeCredentials");
  Export<NewContext>(env, exports, "newContext");
  Export<AcceptMessage>(env, exports, "acceptMessage");
  Export<DeleteContext>(env, exports, "deleteContext");
  Export<WithCredential>(env, exports, "withCredential");
  Export<FreeCredential>(env, exports, "freeCredential");
  Export<TokenDelegation>(env, exports, "tokenDelegation");
  Export<NewInitiator>(env, exports, "newInitiator");
  Export<FreeInitiator>(env, exports, "freeInitiator");
  Export<NewInitiatorContext>(env, exports, "newInitiatorContext");
  Export<InitiateMessage>(env, exports, "initiateMessage");
  Export<DeleteInitiatorContext>(env, exports, "deleteInitiatorContext");
}

}  // namespace impersonate
