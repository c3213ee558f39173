#include "linux/thread/known_credentials.h"

#include "linux/credentials/scope_gate.h"

namespace impersonate::linux_port {

bool KnownCredentials::AreStillRight() const noexcept {
  return read_under_ == CredentialChanges() && StillHas(credentials_);
}

void KnownCredentials::Read() {
  read_under_.reset();
  ReadCredentials(credentials_);
  read_under_ = CredentialChanges();
}

}  // namespace impersonate::linux_port
