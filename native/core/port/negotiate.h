#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/token.h"

namespace impersonate {

// The outcome of one handshake message from the client.
struct HandshakeResult {
  // The message for the client; empty if there is none.
  std::vector<unsigned char> reply;
  // The client's token; null while the handshake continues.
  TokenRef token;
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
  virtual HandshakeResult Accept(const std::vector<unsigned char>& message) = 0;

 protected:
  ServerContext() = default;
};

// The process's credentials for the package of that name, whatever the calling thread impersonates. An empty
// principal stands for the process's own account.
std::shared_ptr<ServerCredentials> AcquireServerCredentials(const std::string& package,
                                                            const std::string& principal,
                                                            bool allow_anonymous);
// Keeps the credentials for as long as it lives. Makes no call to the system yet.
std::shared_ptr<ServerContext> NewServerContext(std::shared_ptr<ServerCredentials> credentials);

}  // namespace port
}  // namespace impersonate
