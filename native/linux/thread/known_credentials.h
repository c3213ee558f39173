#pragma once

#include <cstdint>
#include <optional>

#include "linux/credentials/credentials.h"

namespace impersonate::linux_port {

// What one thread was found to be outside of every scope: read in full once, and from then on only looked
// over. To be used on that thread, and with the ScopeGate() held, so that nothing changes what is found.
class KnownCredentials {
 public:
  // Whether the thread has been read, and is still that: the process's credentials have not been changed
  // since, which would have changed the thread's with them, and nobody has put another identity on the
  // thread.
  bool AreStillRight() const noexcept;

  // Reads the calling thread. Throws Error, and knows nothing then.
  void Read();

  // What was read last.
  const Credentials& get() const noexcept { return credentials_; }

 private:
  Credentials credentials_;
  // The number of CredentialChanges() that they were read under; none if they were not.
  std::optional<std::uint64_t> read_under_;
};

}  // namespace impersonate::linux_port
