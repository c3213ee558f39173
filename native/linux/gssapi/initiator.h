#pragma once

#include <memory>
#include <string>

#include "core/port/initiate.h"
#include "linux/gssapi/credential.h"
#include "linux/gssapi/transitions.h"
#include "linux/token/linux_token.h"

namespace impersonate::linux_port {

// The key of this service, if it has one, its tickets, and those of users by protocol transition.
class GssInitiator final : public port::Initiator {
 public:
  explicit GssInitiator(const InitiatorOptions& options) : options_(options) {}

  // The credential by which the token's user is authenticated, `user` being the principal for protocol
  // transition. Throws ERR_NOT_DELEGATED, and the errors of GSSAPI.
  GssCredentialRef CredentialOf(const LinuxToken& token, const std::string& user);

 private:
  GssCredentialRef OfService() const { return AcquireByKeytab(options_.keytab, options_.principal, cache_); }

  InitiatorOptions options_;
  MemoryCache cache_;
  Transitions transitions_;
};

// The name of a service principal: "HTTP/host" is a host-based service, "HTTP/host@REALM" a principal.
std::unique_ptr<GssName> ServiceName(std::string text);

Error NotDelegated(const std::string& reason);

}  // namespace impersonate::linux_port
