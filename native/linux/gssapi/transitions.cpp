#include "linux/gssapi/transitions.h"

#include <algorithm>
#include <string>

namespace impersonate::linux_port {

GssCredentialRef Transitions::Get(const std::string& principal,
                                  const std::function<GssCredentialRef()>& acquire) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    RemoveEnded(Clock::now());
    const auto found = kept_.find(principal);
    if (found != kept_.end()) return found->second.credential;
  }
  GssCredentialRef credential = acquire();
  const std::lock_guard<std::mutex> lock(mutex_);
  if (kept_.size() >= kMost) {
    kept_.erase(std::min_element(kept_.begin(), kept_.end(),
                                 [](const auto& a, const auto& b) { return a.second.end < b.second.end; }));
  }
  kept_[principal] = {credential, Clock::now() + kLifetime};
  return credential;
}

void Transitions::RemoveEnded(Clock::time_point now) {
  for (auto entry = kept_.begin(); entry != kept_.end();) {
    entry = entry->second.end <= now ? kept_.erase(entry) : std::next(entry);
  }
}

}  // namespace impersonate::linux_port
