#include <napi.h>

#include <memory>
#include <string>
#include <utility>

#include "core/port/tickets.h"
#include "core/scope_stack.h"
#include "napi/arguments.h"
#include "napi/environment.h"
#include "napi/error_bridge.h"
#include "napi/exports.h"
#include "napi/thread_promise.h"

namespace impersonate {
namespace {

using TicketsRef = std::shared_ptr<port::Tickets>;

Napi::Value ServiceTickets(const Napi::CallbackInfo& info) {
  auto initiator = Environment::Of(info.Env()).initiators().Find(IntegerArgument(info, 0));
  return ThreadPromise<TicketsRef>::Start(
      info.Env(), "impersonate:serviceTickets",
      [initiator = std::move(initiator), token = TokenArgument(info, 1), user = StringArgument(info, 2),
       targets = StringsArgument(info, 3)] { return port::ServiceTickets(*initiator, token, user, targets); },
      [](Napi::Env env, TicketsRef tickets) -> Napi::Value {
        return Napi::Number::New(env, Environment::Of(env).tickets().Add(std::move(tickets)));
      });
}

Napi::Value FreeTickets(const Napi::CallbackInfo& info) {
  Environment::Of(info.Env()).tickets().Forget(IntegerArgument(info, 0));
  return info.Env().Undefined();
}

Napi::Value WriteTickets(const Napi::CallbackInfo& info) {
  Environment& environment = Environment::Of(info.Env());
  const TokenRef token = TokenArgument(info, 0);
  const std::int32_t id = IntegerArgument(info, 1);
  const BaselineScope as_process;
  const TicketsRef tickets = id == 0 ? port::ForwardedTickets(*token) : environment.tickets().Find(id);
  std::shared_ptr<port::TicketFile> file = port::WriteTickets(token, *tickets);
  Napi::Object object = Napi::Object::New(info.Env());
  object.Set("name", file->name());
  // Last, so that nothing can fail between the creation of the id and its delivery.
  object.Set("id", environment.ticket_files().Add(std::move(file)));
  return object;
}

Napi::Value RemoveTickets(const Napi::CallbackInfo& info) {
  const BaselineScope as_process;
  Environment::Of(info.Env()).ticket_files().Forget(IntegerArgument(info, 0));
  return info.Env().Undefined();
}

}  // namespace

void ExportTicketFunctions(Napi::Env env, Napi::Object exports) {
  Export<ServiceTickets>(env, exports, "serviceTickets");
  Export<FreeTickets>(env, exports, "freeTickets");
  Export<WriteTickets>(env, exports, "writeTickets");
  Export<RemoveTickets>(env, exports, "removeTickets");
}

}  // namespace impersonate
