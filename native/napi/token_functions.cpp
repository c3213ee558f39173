#include <napi.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/description.h"
#include "core/error.h"
#include "core/port/logon.h"
#include "core/port/token.h"
#include "core/scope_stack.h"
#include "core/ticket_registry.h"
#include "core/token_table.h"
#include "napi/arguments.h"
#include "napi/environment.h"
#include "napi/error_bridge.h"
#include "napi/exports.h"
#include "napi/promise_worker.h"
#include "napi/thread_promise.h"

namespace impersonate {

namespace {

Napi::Object PrincipalObject(Napi::Env env, const Principal& principal) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("kind", principal.kind == PrincipalKind::kUser ? "user" : "group");
  object.Set("id", principal.id);
  return object;
}

Napi::Object PrivilegeObject(Napi::Env env, const Privilege& privilege) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("name", privilege.name);
  object.Set("enabled", privilege.enabled);
  return object;
}

template <typename Item>
Napi::Array ArrayOf(Napi::Env env, const std::vector<Item>& items,
                    Napi::Object (*convert)(Napi::Env, const Item&)) {
  Napi::Array array = Napi::Array::New(env, items.size());
  for (std::uint32_t i = 0; i < items.size(); ++i) array.Set(i, convert(env, items[i]));
  return array;
}

// NativeDescription of types/native.d.ts.
Napi::Value DescriptionObject(Napi::Env env, const Description& description) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("user", PrincipalObject(env, description.user));
  object.Set("groups", ArrayOf(env, description.groups, PrincipalObject));
  object.Set("denyOnlyGroups", ArrayOf(env, description.deny_only_groups, PrincipalObject));
  object.Set("privileges", ArrayOf(env, description.privileges, PrivilegeObject));
  object.Set("level",
             description.level ? Napi::Number::New(env, static_cast<int>(*description.level)) : env.Null());
  object.Set("logonId", description.logon_id);
  object.Set("anonymous", description.anonymous);
  return object;
}

// NativeAccount, or null.
Napi::Value AccountObject(Napi::Env env, std::optional<Account> account) {
  if (!account) return env.Null();
  Napi::Object object = Napi::Object::New(env);
  object.Set("name", account->name);
  object.Set("domain", account->domain);
  return object;
}

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
  const auto source = static_cast<UserSource>(IntegerArgument(info, 1));
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

Napi::Value DisownToken(const Napi::CallbackInfo& info) {
  Environment::Of(info.Env()).DisownToken(IntegerArgument(info, 0));
  return info.Env().Undefined();
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

Napi::Value LinkedToken(const Napi::CallbackInfo& info) {
  TokenRef linked = port::LinkedToken(*TokenArgument(info, 0));
  return linked ? NewToken(info.Env(), std::move(linked)) : Napi::Number::New(info.Env(), 0);
}

// The thread's token has priority over the process's: a token that another addon has put on the thread must
// not be replaced by one with more rights.
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
  return {AccessTarget::Kind::kDescriptor, "", BytesArgument(info, 2)};
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

Napi::Value ShareToken(const Napi::CallbackInfo& info) {
  TicketRegistry::Get().Add(StringArgument(info, 1), TokenArgument(info, 0),
                            TicketRegistry::Duration(IntegerArgument(info, 2)));
  return info.Env().Undefined();
}

Napi::Value ClaimToken(const Napi::CallbackInfo& info) {
  TokenRef token = TicketRegistry::Get().Claim(StringArgument(info, 0));
  const std::int32_t id = token ? Environment::Of(info.Env()).AddToken(std::move(token)) : 0;
  return Napi::Number::New(info.Env(), id);
}

Napi::Value RevokeTicket(const Napi::CallbackInfo& info) {
  const TokenRef token = TicketRegistry::Get().Claim(StringArgument(info, 0));
  return Napi::Boolean::New(info.Env(), token != nullptr);
}

Napi::Value ExpireTickets(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(TicketRegistry::Get().Expire().count()));
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
  Export<DisownToken>(env, exports, "disownToken");
  Export<TokenCount>(env, exports, "tokenCount");
  Export<TokenLimit>(env, exports, "tokenLimit");
  Export<SetTokenLimit>(env, exports, "setTokenLimit");
  Export<LookupAccount>(env, exports, "lookupAccount");
  Export<LinkedToken>(env, exports, "linkedToken");
  Export<PrivilegedToken>(env, exports, "privilegedToken");
  Export<CheckAccess>(env, exports, "checkAccess");
  Export<Fingerprint>(env, exports, "fingerprint");
  Export<ShareToken>(env, exports, "shareToken");
  Export<ClaimToken>(env, exports, "claimToken");
  Export<RevokeTicket>(env, exports, "revokeTicket");
  Export<ExpireTickets>(env, exports, "expireTickets");
}

}  // namespace impersonate
