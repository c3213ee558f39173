#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/token.h"

namespace impersonate {

// A message of a handshake, or application data that protects it.
using Bytes = std::vector<unsigned char>;

// What a server does with the TLS channel bindings of its clients. A client that sends wrong ones is always
// rejected, except with kOff.
enum class ExtendedProtection : std::uint8_t {
  kOff = 0,      // not checked
  kAllow = 1,    // checked if the client sends them
  kRequire = 2,  // the client must send them
};

struct ServerOptions {
  // "Negotiate", "NTLM" or "Kerberos".
  std::string package;
  // The server's account; empty for the process's own. Win32.
  std::string principal;
  bool allow_anonymous = false;
  ExtendedProtection extended_protection = ExtendedProtection::kAllow;
  // A file with the server's keys; empty for the default one. GSSAPI.
  std::string keytab;
  // Whether tokens get a credential for constrained delegation if the client has forwarded no ticket. GSSAPI.
  bool constrained_delegation = false;
};

namespace port {

// A client's credential for other services, which came with its handshake. Destroyed with its last owner.
class DelegatedCredential {
 public:
  DelegatedCredential(const DelegatedCredential&) = delete;
  DelegatedCredential& operator=(const DelegatedCredential&) = delete;
  virtual ~DelegatedCredential() = default;

 protected:
  DelegatedCredential() = default;
};

}  // namespace port

// The outcome of one handshake message from the client.
struct HandshakeResult {
  // The message for the client; empty if there is none.
  Bytes reply;
  // Whether the client is authenticated.
  bool done = false;
  // The client's token, by SSPI.
  TokenRef token;
  // By GSSAPI: the principals of the client and of the server's key, and the client's credential or null. The
  // caller chooses the account.
  std::string client, server;
  std::shared_ptr<port::DelegatedCredential> credential;
};

namespace port {

// The credentials with which a server authenticates clients. Any thread may use them.
class ServerCredentials {
 public:
  ServerCredentials(const ServerCredentials&) = delete;
  ServerCredentials& operator=(const ServerCredentials&) = delete;
  virtual ~ServerCredentials() = default;

 protected:
  ServerCredentials() = default;
};

// The handshake of one client, on any thread, one message at a time.
class ServerContext {
 public:
  ServerContext(const ServerContext&) = delete;
  ServerContext& operator=(const ServerContext&) = delete;
  virtual ~ServerContext() = default;

  // Processes a message from the client. May wait for another machine: never call it on a JavaScript thread.
  // Throws ERR_HANDSHAKE_BUSY while another message is being processed, and ERR_HANDSHAKE_CLOSED after one
  // that failed or was the last.
  virtual HandshakeResult Accept(const Bytes& message) = 0;

 protected:
  ServerContext() = default;
};

// The process's credentials, whatever the calling thread impersonates.
std::shared_ptr<ServerCredentials> AcquireServerCredentials(const ServerOptions& options);
// Keeps the credentials for as long as it lives. Makes no call to the system yet. `channel_bindings` is the
// application data of the connection's TLS channel; empty for a connection without one.
std::shared_ptr<ServerContext> NewServerContext(std::shared_ptr<ServerCredentials> credentials,
                                                Bytes channel_bindings);

}  // namespace port
}  // namespace impersonate
