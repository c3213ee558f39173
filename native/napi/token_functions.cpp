#include "napi/token_functions.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/port.h"
#include "core/token_table.h"
#include "napi/arguments.h"
#include "napi/description_object.h"
#include "napi/environment.h"
#include "napi/error_bridge.h"
#include "napi/promise_worker.h"
#include "napi/thread_promise.h"

namespace impersonate {

Napi::Value NewToken(Napi::Env env, TokenRef token) {
  return Napi::Number::New(env, Environment::Of(env).AddToken(std::move(token)));
}

namespace {

Napi::Value ProcessToken(const Napi::CallbackInfo& info) {
  return NewToken(info.Env(), port::ProcessToken());
}

Napi::Value ThreadToken(const Napi::CallbackInfo& info) {
  TokenRef token = port::ThreadToken();
  return token ? NewToken(info.Env(), std::move(token)) : Napi::Number::New(info.Env(), 0);
}

Napi::Value AnonymousToken(const Napi::CallbackInfo& info) {
  return NewToken(info.Env(), port::AnonymousToken());
}

Napi::Value TokenForUser(const Napi::CallbackInfo& info) {
  const auto source = static_cast<port::UserSource>(IntegerArgument(info, 1));
  return ThreadPromise<TokenRef>::Start(
      info.Env(), "impersonate:forUser",
      [name = StringArgument(info, 0), source, check_account = info[2].ToBoolean().Value()] {
        return port::TokenForUser(name, source, check_account);
      },
      NewToken);
}

Napi::Value TokenForIds(const Napi::CallbackInfo& info) {
  if (!info[2].IsTypedArray() || info[2].As<Napi::TypedArray>().TypedArrayType() != napi_uint32_array) {
    throw Error("ERR_INVALID_ARG_TYPE", "Native argument 2 must be a Uint32Array");
  }
  const auto given = info[2].As<Napi::Uint32Array>();
  const std::vector<std::uint32_t> groups(given.Data(), given.Data() + given.ElementLength());
  const auto uid = info[0].ToNumber().Uint32Value(), gid = info[1].ToNumber().Uint32Value();
  return NewToken(info.Env(), port::TokenForIds(uid, gid, groups));
}

Napi::Value AliasToken(const Napi::CallbackInfo& info) {
  return NewToken(info.Env(), TokenArgument(info, 0));
}

Napi::Value TokenFromHandle(const Napi::CallbackInfo& info) {
  bool lossless = false;
  std::uint64_t handle = 0;
  if (info[0].IsBigInt()) handle = info[0].As<Napi::BigInt>().Uint64Value(&lossless);
  if (!lossless) throw Error("ERR_INVALID_ARG_VALUE", "The argument 'handle' must be a 64-bit handle");
  return NewToken(info.Env(), port::TokenFromHandle(handle, info[1].ToBoolean()));
}

Napi::Value RestrictToken(const Napi::CallbackInfo& info) {
  return NewToken(info.Env(), port::Restrict(*TokenArgument(info, 0), RestrictionsArgument(info, 1)));
}

Napi::Value DuplicateToken(const Napi::CallbackInfo& info) {
  return NewToken(info.Env(), port::Duplicate(*TokenArgument(info, 0), LevelArgument(info, 1)));
}

Napi::Value DescribeToken(const Napi::CallbackInfo& info) {
  return DescriptionObject(info.Env(), port::Describe(*TokenArgument(info, 0)));
}

Napi::Value DescribeProcess(const Napi::CallbackInfo& info) {
  return DescriptionObject(info.Env(), port::Describe(*port::ProcessToken()));
}

Napi::Value EqualTokens(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), port::Equal(*TokenArgument(info, 0), *TokenArgument(info, 1)));
}

Napi::Value CloseToken(const Napi::CallbackInfo& info) {
  const bool closed = Environment::Of(info.Env()).CloseToken(IntegerArgument(info, 0));
  return Napi::Boolean::New(info.Env(), closed);
}

Napi::Value TokenCount(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(TokenTable::Get().count()));
}

Napi::Value TokenLimit(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(TokenTable::Get().limit()));
}

Napi::Value SetTokenLimit(const Napi::CallbackInfo& info) {
  const std::int32_t limit = IntegerArgument(info, 0);
  if (limit < 1 || static_cast<std::size_t>(limit) > TokenTable::kMaxLimit) {
    throw Error("ERR_INVALID_ARG_VALUE", "There can be from 1 to 65536 tokens");
  }
  TokenTable::Get().SetLimit(static_cast<std::size_t>(limit));
  return info.Env().Undefined();
}

Napi::Value LookupAccount(const Napi::CallbackInfo& info) {
  return PromiseWorker<std::optional<Account>>::Start(
      info.Env(), "impersonate:lookupAccount",
      [principal = Principal{KindArgument(info, 0), StringArgument(info, 1)}] {
        return port::LookupAccount(principal);
      },
      AccountObject);
}

}  // namespace

void ExportTokenFunctions(Napi::Env env, Napi::Object exports) {
  Export<ProcessToken>(env, exports, "processToken");
  Export<ThreadToken>(env, exports, "threadToken");
  Export<AnonymousToken>(env, exports, "anonymousToken");
  Export<TokenForUser>(env, exports, "tokenForUser");
  Export<TokenForIds>(env, exports, "tokenForIds");
  Export<AliasToken>(env, exports, "aliasToken");
  Export<TokenFromHandle>(env, exports, "tokenFromHandle");
  Export<RestrictToken>(env, exports, "restrictToken");
  Export<DuplicateToken>(env, exports, "duplicateToken");
  Export<DescribeToken>(env, exports, "describeToken");
  Export<DescribeProcess>(env, exports, "describeProcess");
  Export<EqualTokens>(env, exports, "equalTokens");
  Export<CloseToken>(env, exports, "closeToken");
  Export<TokenCount>(env, exports, "tokenCount");
  Export<TokenLimit>(env, exports, "tokenLimit");
  Export<SetTokenLimit>(env, exports, "setTokenLimit");
  Export<LookupAccount>(env, exports, "lookupAccount");
}

}  // namespace impersonate
