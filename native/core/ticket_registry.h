#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/token.h"

namespace impersonate {

// Tokens that are passed from one thread to another: the first caller that presents the ticket gets the
// token. A ticket is a secret, as it gives access to the token, and appears in no message. Every call
// releases the expired tickets.
class TicketRegistry {
 public:
  using Duration = std::chrono::milliseconds;

  // The process's registry. Never destroyed: worker threads may outlive static destruction.
  static TicketRegistry& Get();

  // Keeps the token for `lifetime`. Throws ERR_TICKET_LIMIT if as many tickets are waiting as there can be
  // tokens.
  void Add(const std::string& ticket, TokenRef token, Duration lifetime);
  // Null if the ticket is unknown, claimed or expired.
  TokenRef Claim(const std::string& ticket);
  // The time until the next ticket expires, rounded up; 0 if there is none.
  Duration Expire();

 private:
  using Clock = std::chrono::steady_clock;
  using Deadlines = std::multimap<Clock::time_point, std::string>;
  struct Entry {
    TokenRef token;
    Deadlines::iterator deadline;
  };

  TicketRegistry() = default;
  // Removes the expired tokens and returns them, for the caller to destroy after the lock is released.
  std::vector<TokenRef> TakeExpired(Clock::time_point now);

  // Any thread may share and claim.
  std::mutex mutex_;
  std::unordered_map<std::string, Entry> entries_;
  Deadlines deadlines_;
};

}  // namespace impersonate
