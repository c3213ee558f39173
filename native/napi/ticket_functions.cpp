#include "napi/ticket_functions.h"

#include <cstdint>
#include <utility>

#include "core/ticket_registry.h"
#include "napi/arguments.h"
#include "napi/environment.h"
#include "napi/error_bridge.h"

namespace impersonate {
namespace {

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

void ExportTicketFunctions(Napi::Env env, Napi::Object exports) {
  Export<ShareToken>(env, exports, "shareToken");
  Export<ClaimToken>(env, exports, "claimToken");
  Export<RevokeTicket>(env, exports, "revokeTicket");
  Export<ExpireTickets>(env, exports, "expireTickets");
}

}  // namespace impersonate
