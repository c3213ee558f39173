#include "linux/gssapi/initiator.h"

#include <memory>
#include <string>

#include "core/error.h"

namespace impersonate::linux_port {

Error NotDelegated(const std::string& reason) {
  return Error("ERR_NOT_DELEGATED", "The token has no credential for other services: " + reason);
}

GssCredentialRef GssInitiator::CredentialOf(const LinuxToken& token, const std::string& user) {
  if (token.credential()) return token.credential();
  const bool has_keytab = !options_.keytab.empty();
  if (token.source() == LinuxToken::Source::kProcess) return has_keytab ? OfService() : AcquireDefault();
  if (user.empty() || token.source() != LinuxToken::Source::kUser) {
    throw NotDelegated(
        "let the client forward its ticket or set constrainedDelegation of the NegotiateServer, or set "
        "keytab "
        "and transition of the NegotiateClient");
  }
  if (!has_keytab) throw NotDelegated("protocol transition needs keytab of the NegotiateClient");
  return transitions_.Get(user, [&] { return AcquireByTransition(*OfService(), user); });
}

std::unique_ptr<GssName> ServiceName(std::string text) {
  if (text.find('@') != std::string::npos) return std::make_unique<GssName>(text, kPrincipalName);
  const auto slash = text.find('/');
  if (slash != std::string::npos) text[slash] = '@';
  return std::make_unique<GssName>(text, kHostBasedService);
}

}  // namespace impersonate::linux_port
