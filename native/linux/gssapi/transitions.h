#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <string>

#include "linux/gssapi/credential.h"

namespace impersonate::linux_port {

// Credentials of users by protocol transition, by principal, so that the tickets of one are used again. Each
// is kept for a short time only, as the directory may disable the user. Any thread may use it.
class Transitions final {
 public:
  // Returns the kept credential, or the result of `acquire`, which is called outside of the lock.
  GssCredentialRef Get(const std::string& principal, const std::function<GssCredentialRef()>& acquire);

 private:
  using Clock = std::chrono::steady_clock;
  struct Kept {
    GssCredentialRef credential;
    Clock::time_point end;
  };
  static constexpr std::chrono::minutes kLifetime{5};
  static constexpr std::size_t kMost = 1000;

  void RemoveEnded(Clock::time_point now);

  std::mutex mutex_;
  std::map<std::string, Kept> kept_;
};

}  // namespace impersonate::linux_port
