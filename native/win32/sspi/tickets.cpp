#include "core/port/tickets.h"

#include "core/error.h"

namespace impersonate::port {
namespace {

// A program with the token has the tickets of its logon session.
Error Unavailable() {
  return Error("ERR_FEATURE_UNAVAILABLE_ON_PLATFORM",
               "Ticket files exist on Linux only: a Windows program has the tickets of its token");
}

}  // namespace

std::shared_ptr<Tickets> ForwardedTickets(const Token&) { throw Unavailable(); }

std::shared_ptr<Tickets> ServiceTickets(Initiator&, const TokenRef&, const std::string&,
                                        const std::vector<std::string>&) {
  throw Unavailable();
}

std::unique_ptr<TicketFile> WriteTickets(const TokenRef&, const Tickets&) { throw Unavailable(); }

}  // namespace impersonate::port
