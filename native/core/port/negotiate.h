#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/token.h"

namespace impersonate {

// What comes of one leg of a handshake.
struct HandshakeResult {
  // What the client is to get; empty if nothing is to be sent.
  std::vector<unsigned char> reply;
  // Who the client is; null while the handshake goes on.
  TokenRef token;
};

namespace port {

// What a server takes clients' proofs with. Any thread may use it.
class ServerCredentials {
 public:
  ServerCredentials(const ServerCredentials&) = delete;
  ServerCredentials& operator=(const ServerCredentials&) = delete;
  virtual ~ServerCredentials() = default;

 protected:
  ServerCredentials() = default;
};

// One client's handshake, on any thread, one leg at a time.
class ServerContext {
 public:
  ServerContext(const ServerContext&) = delete;
  ServerContext& operator=(const ServerContext&) = delete;
  virtual ~ServerContext() = default;

  // May wait for another machine: never call it on a JavaScript thread. Throws ERR_HANDSHAKE_BUSY while
  // another leg is under way, and ERR_HANDSHAKE_CLOSED after one that failed or was the last.
  virtual HandshakeResult Accept(const std::vector<unsigned char>& leg) = 0;

 protected:
  ServerContext() = default;
};

// The process's credentials for the package of that name, whatever the calling thread impersonates. An empty
// principal stands for the process's own account.
std::shared_ptr<ServerCredentials> AcquireServerCredentials(const std::string& package,
                                                            const std::string& principal,
                                                            bool allow_anonymous);
// Keeps the credentials for as long as it lives. Asks the system nothing yet.
std::shared_ptr<ServerContext> NewServerContext(std::shared_ptr<ServerCredentials> credentials);

}  // namespace port
}  // namespace impersonate
