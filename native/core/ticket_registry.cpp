#include "core/ticket_registry.h"

#include <utility>

#include "core/error.h"
#include "core/token_table.h"

namespace impersonate {

TicketRegistry& TicketRegistry::Get() {
  static TicketRegistry* const registry = new TicketRegistry;
  return *registry;
}

std::vector<TokenRef> TicketRegistry::TakeExpired(Clock::time_point now) {
  std::vector<TokenRef> expired;
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    const auto entry = entries_.find(deadlines_.begin()->second);
    expired.push_back(std::move(entry->second.token));
    entries_.erase(entry);
    deadlines_.erase(deadlines_.begin());
  }
  return expired;
}

void TicketRegistry::Add(const std::string& ticket, TokenRef token, Duration lifetime) {
  std::vector<TokenRef>
      expired;  // destroyed after the lock is released: closing a kernel handle needs no lock
  const std::lock_guard<std::mutex> lock(mutex_);
  const Clock::time_point now = Clock::now();
  expired = TakeExpired(now);
  if (entries_.size() >= TokenTable::Get().limit()) {
    throw Error(
        "ERR_TICKET_LIMIT",
        "As many shared tokens are waiting to be claimed as there can be open tokens: claim them, or share "
        "them for a shorter time");
  }
  if (entries_.count(ticket) != 0) throw Error("ERR_INVALID_ARG_VALUE", "The ticket is in use");
  const auto deadline = deadlines_.emplace(now + lifetime, ticket);
  entries_.emplace(ticket, Entry{std::move(token), deadline});
}

TokenRef TicketRegistry::Claim(const std::string& ticket) {
  std::vector<TokenRef> expired;
  const std::lock_guard<std::mutex> lock(mutex_);
  expired = TakeExpired(Clock::now());
  const auto found = entries_.find(ticket);
  if (found == entries_.end()) return nullptr;
  TokenRef token = std::move(found->second.token);
  deadlines_.erase(found->second.deadline);
  entries_.erase(found);
  return token;
}

TicketRegistry::Duration TicketRegistry::Expire() {
  std::vector<TokenRef> expired;
  const std::lock_guard<std::mutex> lock(mutex_);
  const Clock::time_point now = Clock::now();
  expired = TakeExpired(now);
  if (deadlines_.empty()) return Duration::zero();
  return std::chrono::duration_cast<Duration>(deadlines_.begin()->first - now) + Duration(1);
}

}  // namespace impersonate
