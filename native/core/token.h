#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "core/error.h"

namespace impersonate {

// The Win32 impersonation levels, in their order.
enum class Level { kAnonymous = 0, kIdentification = 1, kImpersonation = 2, kDelegation = 3 };

// An identity for threads. Immutable and shared between threads; each port derives its own class. Its kernel
// resource is released with the last slot, scope or job that refers to it.
class Token {
 public:
  Token(const Token&) = delete;
  Token& operator=(const Token&) = delete;
  virtual ~Token() = default;

  Level level() const noexcept { return level_; }
  // The uid or SID, as text.
  const std::string& user() const noexcept { return user_; }

  // Whether the kernel has confirmed, after a switch, that a thread had this identity. The only state of a
  // token that changes, with is_owned(): from false to true.
  bool verified() const noexcept { return verified_.load(std::memory_order_acquire); }
  void MarkVerified() const noexcept { verified_.store(true, std::memory_order_release); }

  // Whether an id in the TokenTable has an owner that has not closed it.
  bool is_owned() const noexcept { return owners_.load(std::memory_order_acquire) > 0; }
  void AddOwner() const noexcept { owners_.fetch_add(1, std::memory_order_acq_rel); }
  void RemoveOwner() const noexcept { owners_.fetch_sub(1, std::memory_order_acq_rel); }

 protected:
  Token(Level level, std::string user) noexcept : level_(level), user_(std::move(user)) {}

 private:
  Level level_;
  std::string user_;
  mutable std::atomic<bool> verified_{false};
  mutable std::atomic<std::uint32_t> owners_{0};
};

using TokenRef = std::shared_ptr<const Token>;

// Throws ERR_TOKEN_LEVEL for a token whose level does not allow it to be put on a thread for work.
inline void RequireLevelForWork(const Token& token) {
  if (token.level() >= Level::kImpersonation) return;
  throw Error(
      "ERR_TOKEN_LEVEL",
      "The token's impersonation level allows queries but no impersonation. Token.forUser returns a higher "
      "level in a process with SeTcbPrivilege, such as a service of LocalSystem; Token.logon does so with a "
      "password");
}

}  // namespace impersonate
