#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/token.h"

// Connections between processes of one computer. Every function throws `Error` unless it says otherwise.
namespace impersonate::port {

// The system's handle of one end of a connection: a descriptor on Linux, a HANDLE on Windows.
using NativeSocket = std::uintptr_t;

void CloseSocket(NativeSocket socket) noexcept;

// Owns one end of a connection, and closes it unless it is released.
class OwnedSocket final {
 public:
  explicit OwnedSocket(NativeSocket socket) noexcept : socket_(socket) {}
  OwnedSocket(OwnedSocket&& other) noexcept : socket_(std::exchange(other.socket_, std::nullopt)) {}
  OwnedSocket& operator=(OwnedSocket&&) = delete;
  ~OwnedSocket() {
    if (socket_) CloseSocket(*socket_);
  }

  // Not after Release().
  NativeSocket get() const noexcept { return *socket_; }
  NativeSocket Release() noexcept { return *std::exchange(socket_, std::nullopt); }

 private:
  std::optional<NativeSocket> socket_;
};

// The token of the other end of a connection that this process has accepted: ImpersonateNamedPipeClient, at
// the level that the client allows; SO_PEERCRED and SO_PEERGROUPS, as they were when it connected. The
// calling thread keeps its identity. Throws ERR_INVALID_ARG_VALUE for anything but the server's end of a pipe
// or unix socket.
TokenRef TokenOfPeer(NativeSocket socket);

// The identifier of the user whose server this end is connected to: the pipe's owner (GetSecurityInfo), or
// the user who called listen() on the unix socket (SO_PEERCRED).
std::string ServerOf(NativeSocket socket);

// A Windows pipe to be served: its path, and either the SIDs that may connect besides the process's user,
// SYSTEM and the administrators, or a security descriptor in SDDL.
struct PipeOptions {
  std::string path;
  std::vector<std::string> allow;
  std::string security_descriptor;
};

// A pipe that this process serves, until it is destroyed.
class PipeListener {
 public:
  virtual ~PipeListener() = default;
  // Waits for the next client; none once the listener is stopped. On one thread at a time.
  virtual std::optional<OwnedSocket> Accept() = 0;
  // Ends Accept for good. From any thread.
  virtual void Stop() noexcept = 0;
};

// Serves the pipe as the process. Fails if another server has a pipe of that name.
std::unique_ptr<PipeListener> ListenOnPipe(const PipeOptions& options);

struct PipeConnection {
  std::string path;
  // The highest level at which the server may impersonate the client.
  Level level;
  // The server cannot identify the client before the client writes (SECURITY_CONTEXT_TRACKING).
  bool unknown_until_write;
  // The time to wait for a free instance, in milliseconds.
  std::uint32_t timeout;
};

// Connects to a pipe as the calling thread. May block.
OwnedSocket ConnectToPipe(const PipeConnection& connection);

}  // namespace impersonate::port
