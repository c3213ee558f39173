#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/token.h"

namespace impersonate {

// Tokens on their way from one thread to another, each for whoever is the first to show its ticket. A ticket
// is as good as the token itself: it is in no message. What has expired is let go of at every call.
class TicketRegistry {
 public:
  using Duration = std::chrono::milliseconds;

  // The process's registry. Never destroyed: worker threads may outlive static destruction.
  static TicketRegistry& Get();

  // Keeps the token for so long. Throws ERR_TICKET_LIMIT while as many tickets are out as there can be
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
  // Takes out what has expired, for the caller to destroy when the lock is gone.
  std::vector<TokenRef> TakeExpired(Clock::time_point now);

  // Any thread may share and claim.
  std::mutex mutex_;
  std::unordered_map<std::string, Entry> entries_;
  Deadlines deadlines_;
};

}  // namespace impersonate
