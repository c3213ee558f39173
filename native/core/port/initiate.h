#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "core/port/negotiate.h"
#include "core/token.h"

namespace impersonate {

// By what a service can authenticate to another one as the token's user.
enum class Delegation : std::uint8_t {
  kNone = 0,         // by nothing
  kForwarded = 1,    // by the user's own ticket-granting ticket, or their password
  kConstrained = 2,  // by the user's ticket to this service, at the services that the directory permits
  kTransition = 3,   // by the user's name alone, at the services that the directory permits
};

struct InitiatorOptions {
  // "Negotiate" or "Kerberos".
  std::string package;
  // Whether the server may choose NTLM. Win32.
  bool allow_ntlm = false;
  // A file with the key of this service, and the principal of that key; empty for none. GSSAPI.
  std::string keytab, principal;
};

// What one connection's client asks for.
struct InitiatorTarget {
  // A service principal name: "HTTP/host".
  std::string name;
  // Whether the user's ticket-granting ticket is forwarded to the server.
  bool delegate = false;
  // The application data of the TLS channel's bindings; empty for none.
  Bytes channel_bindings;
  // The user's principal for protocol transition; empty for none. GSSAPI.
  std::string user;
};

// What a client does after a message from the server.
struct InitiatorResult {
  // The message for the server; empty if there is none.
  Bytes message;
  // Whether the server has proved its identity.
  bool done = false;
};

namespace port {

// How a service authenticates to other services. Any thread may use it.
class Initiator {
 public:
  Initiator(const Initiator&) = delete;
  Initiator& operator=(const Initiator&) = delete;
  virtual ~Initiator() = default;

 protected:
  Initiator() = default;
};

// The client's side of one handshake, on any thread, one message at a time.
class InitiatorContext {
 public:
  InitiatorContext(const InitiatorContext&) = delete;
  InitiatorContext& operator=(const InitiatorContext&) = delete;
  virtual ~InitiatorContext() = default;

  // Processes a message from the server; an empty one begins the handshake. The calling thread has the
  // process identity, and has it again afterwards. May wait for another machine: never call it on a
  // JavaScript thread. Throws ERR_HANDSHAKE_BUSY while another message is being processed,
  // ERR_HANDSHAKE_CLOSED after one that failed or was the last, ERR_NOT_DELEGATED for a token without a
  // credential, and ERR_SERVER_UNPROVEN for a server that ends the handshake without proof.
  virtual InitiatorResult Step(const Bytes& message) = 0;

 protected:
  InitiatorContext() = default;
};

std::shared_ptr<Initiator> NewInitiator(const InitiatorOptions& options);
// A handshake as the token's user. Makes no call to the system yet.
std::shared_ptr<InitiatorContext> NewInitiatorContext(std::shared_ptr<Initiator> initiator, TokenRef token,
                                                      InitiatorTarget target);

Delegation DelegationOf(const Token& token);
// The same identity with the credential that came with the user's handshake. GSSAPI.
TokenRef WithCredential(const Token& token, std::shared_ptr<DelegatedCredential> credential);

}  // namespace port
}  // namespace impersonate
