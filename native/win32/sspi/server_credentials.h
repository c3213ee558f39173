#pragma once

#include <string>

#include "core/port/negotiate.h"
#include "win32/sspi/sspi.h"

namespace impersonate::win32 {

// Credentials for incoming handshakes, freed with the object.
class Win32ServerCredentials final : public port::ServerCredentials {
 public:
  // Asks as the calling thread. Throws what QuerySecurityPackageInfoW and AcquireCredentialsHandleW say.
  Win32ServerCredentials(const std::string& package, const std::string& principal, bool allow_anonymous);
  ~Win32ServerCredentials() override;

  // The system's functions take it without const, and do not write to it.
  CredHandle* get() const noexcept { return const_cast<CredHandle*>(&handle_); }
  bool allow_anonymous() const noexcept { return allow_anonymous_; }
  // Bytes of a message of the package's, at most.
  ULONG max_message() const noexcept { return max_message_; }

 private:
  CredHandle handle_{};
  bool allow_anonymous_;
  ULONG max_message_ = 0;
};

}  // namespace impersonate::win32
