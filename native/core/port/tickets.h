#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/port/initiate.h"
#include "core/token.h"

// Kerberos tickets for programs of a user. Every function throws `Error`.
namespace impersonate::port {

// Tickets in the memory of this process, destroyed with the object. Any thread may use it.
class Tickets {
 public:
  Tickets(const Tickets&) = delete;
  Tickets& operator=(const Tickets&) = delete;
  virtual ~Tickets() = default;

 protected:
  Tickets() = default;
};

// A file of the user's with tickets, removed with the object.
class TicketFile {
 public:
  TicketFile(const TicketFile&) = delete;
  TicketFile& operator=(const TicketFile&) = delete;
  virtual ~TicketFile() = default;

  // The value of KRB5CCNAME.
  const std::string& name() const noexcept { return name_; }

 protected:
  TicketFile() = default;
  std::string name_;
};

// All tickets of the credential that the user has forwarded. Throws ERR_NOT_DELEGATED for a token with
// another credential: it holds tickets of the service.
std::shared_ptr<Tickets> ForwardedTickets(const Token& token);
// Tickets of the token's user for these services alone, service principal names. `user` is the principal for
// protocol transition. May wait for another machine: never call it on a JavaScript thread.
std::shared_ptr<Tickets> ServiceTickets(Initiator& initiator, const TokenRef& token, const std::string& user,
                                        const std::vector<std::string>& targets);
// Writes the file as the token's user, in a new folder that only the user can enter.
std::unique_ptr<TicketFile> WriteTickets(const TokenRef& token, const Tickets& tickets);

}  // namespace impersonate::port
