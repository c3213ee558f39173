#include <napi.h>

#include <cstddef>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "core/error.h"
#include "core/port/logon.h"
#include "napi/arguments.h"
#include "napi/environment.h"
#include "napi/error_bridge.h"
#include "napi/exports.h"
#include "napi/pending_logon.h"
#include "napi/thread_promise.h"

namespace impersonate {
namespace {

constexpr napi_type_tag kPendingTag = {0x6c6f676f6e2d7065, 0x6e64696e672d3031};

// Empty once the logon has started or has been cancelled.
using Pending = std::shared_ptr<const Logon>;

Error InvalidPassword(const char* reason) {
  return Error("ERR_INVALID_ARG_VALUE", std::string("The \"options.password\" argument ") + reason);
}

// Copies the password directly from the engine's or the caller's memory into memory that is wiped.
Secret<char> PasswordArgument(const Napi::CallbackInfo& info, std::size_t index) {
  const Napi::Value value = info[index];
  std::size_t size = 0;
  if (value.IsString()) {
    NAPI_THROW_IF_FAILED(info.Env(), napi_get_value_string_utf8(info.Env(), value, nullptr, 0, &size),
                         Secret<char>(0));
    Secret<char> password(size);
    NAPI_THROW_IF_FAILED(info.Env(),
                         napi_get_value_string_utf8(info.Env(), value, password.data(), size + 1, &size),
                         Secret<char>(0));
    if (std::strlen(password.data()) != size) throw InvalidPassword("must not contain null bytes");
    return password;
  }
  const std::optional<Napi::Uint8Array> bytes = AsBytes(value);
  if (!bytes)
    throw Error("ERR_INVALID_ARG_TYPE", "The \"options.password\" argument must be a string or a Uint8Array");
  size = bytes->ElementLength();
  Secret<char> password(size);
  if (size > 0) std::memcpy(password.data(), bytes->Data(), size);
  if (std::strlen(password.data()) != size) throw InvalidPassword("must not contain null bytes");
  return password;
}

std::string Text(const Napi::Object& request, const char* key) {
  return request.Get(key).ToString().Utf8Value();
}

int Number(const Napi::Object& request, const char* key) { return request.Get(key).ToNumber().Int32Value(); }

Pending& PendingArgument(const Napi::CallbackInfo& info, std::size_t index) {
  const Napi::Value value = info[index];
  if (!IsPendingLogon(value))
    throw Error("ERR_INVALID_ARG_TYPE", "Native argument " + std::to_string(index) + " must be a logon");
  return *value.As<Napi::External<Pending>>().Data();
}

Napi::Value PrepareLogon(const Napi::CallbackInfo& info) {
  if (!info[0].IsObject()) throw Error("ERR_INVALID_ARG_TYPE", "Native argument 0 must be of type object");
  const auto request = info[0].As<Napi::Object>();
  auto logon = std::make_shared<Logon>(PasswordArgument(info, 1));
  logon->user = Text(request, "user");
  logon->domain = Text(request, "domain");
  logon->type = static_cast<LogonType>(Number(request, "type"));
  logon->provider = static_cast<LogonProvider>(Number(request, "provider"));
  logon->service = Text(request, "service");
  auto pending = std::make_unique<Pending>(std::move(logon));
  auto external = Napi::External<Pending>::New(info.Env(), pending.get(),
                                               [](Napi::BasicEnv, const Pending* data) { delete data; });
  pending.release();
  external.TypeTag(&kPendingTag);
  return external;
}

Napi::Value StartLogon(const Napi::CallbackInfo& info) {
  Pending logon = TakePendingLogon(info, 0);
  return ThreadPromise<TokenRef>::Start(
      info.Env(), "impersonate:logon", [logon = std::move(logon)] { return port::TokenForLogon(*logon); },
      NewToken);
}

Napi::Value ForgetLogon(const Napi::CallbackInfo& info) {
  PendingArgument(info, 0).reset();
  return info.Env().Undefined();
}

}  // namespace

bool IsPendingLogon(const Napi::Value& value) {
  return value.IsExternal() && value.As<Napi::External<Pending>>().CheckTypeTag(&kPendingTag);
}

std::shared_ptr<const Logon> TakePendingLogon(const Napi::CallbackInfo& info, std::size_t index) {
  Pending logon = std::move(PendingArgument(info, index));
  if (!logon) throw Error("ERR_INTERNAL", "The logon has already started or has been cancelled");
  return logon;
}

void ExportLogonFunctions(Napi::Env env, Napi::Object exports) {
  Export<PrepareLogon>(env, exports, "prepareLogon");
  Export<StartLogon>(env, exports, "logon");
  Export<ForgetLogon>(env, exports, "forgetLogon");
}

}  // namespace impersonate
