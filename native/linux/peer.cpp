#include "core/port/peer.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/error.h"
#include "linux/errno_error.h"
#include "linux/token/linux_token.h"

#ifndef SO_PEERGROUPS
#define SO_PEERGROUPS 59
#endif

namespace impersonate::port {
namespace {

using linux_port::ErrnoError;
using linux_port::Identity;
using linux_port::LinuxToken;

int ToDescriptor(NativeSocket socket) noexcept { return static_cast<int>(socket); }

Error InvalidSocket(const std::string& reason) {
  return Error("ERR_INVALID_ARG_VALUE", "The \"socket\" argument " + reason);
}

void RequireUnixSocket(int socket) {
  int domain = 0;
  socklen_t size = sizeof domain;
  if (::getsockopt(socket, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0) {
    if (domain == AF_UNIX) return;
    throw InvalidSocket("must be a unix socket: other sockets have no credentials of the peer");
  }
  if (errno == ENOTSOCK) throw InvalidSocket("must be a unix socket");
  throw ErrnoError(errno, "getsockopt");
}

// The accepted end has the name of the listening socket. A client's end has none, and neither has an end of a
// socket pair, whose credentials are those of the process that made it.
void RequireAccepted(int socket) {
  sockaddr_un name{};
  socklen_t size = sizeof name;
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&name), &size) != 0) {
    throw ErrnoError(errno, "getsockname");
  }
  if (size <= offsetof(sockaddr_un, sun_path)) {
    throw InvalidSocket("must be a connection that a server has accepted, not a client's end");
  }
}

ucred PeerCredentials(int socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) throw ErrnoError(errno, "getsockopt");
  if (peer.uid == static_cast<uid_t>(-1)) throw InvalidSocket("is not connected");
  return peer;
}

std::vector<gid_t> PeerGroups(int socket) {
  std::vector<gid_t> groups(64);
  for (;;) {
    auto size = static_cast<socklen_t>(groups.size() * sizeof(gid_t));
    const bool fits = ::getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &size) == 0;
    const std::size_t count = size / sizeof(gid_t);
    // A missing group could give the peer access to files that deny it to that group.
    if (!fits && (errno != ERANGE || count <= groups.size())) throw ErrnoError(errno, "getsockopt");
    groups.resize(count);
    if (fits) return groups;
  }
}

}  // namespace

void CloseSocket(NativeSocket socket) noexcept { ::close(ToDescriptor(socket)); }

TokenRef TokenOfPeer(NativeSocket native) {
  const int socket = ToDescriptor(native);
  RequireUnixSocket(socket);
  RequireAccepted(socket);
  const ucred peer = PeerCredentials(socket);
  // The kernel does not report which capabilities the peer has: a superuser in a container may have almost
  // none.
  constexpr std::uint64_t kNoCapabilities = 0;
  return std::make_shared<LinuxToken>(LinuxToken::Source::kUser, Level::kImpersonation,
                                      Identity{peer.uid, peer.gid, PeerGroups(socket), kNoCapabilities});
}

std::string ServerOf(NativeSocket native) {
  const int socket = ToDescriptor(native);
  RequireUnixSocket(socket);
  return std::to_string(PeerCredentials(socket).uid);
}

std::unique_ptr<PipeListener> ListenOnPipe(const PipeOptions&) {
  throw Error("ERR_FEATURE_UNAVAILABLE_ON_PLATFORM", "Named pipes exist on Windows only");
}

OwnedSocket ConnectToPipe(const PipeConnection&) {
  throw Error("ERR_FEATURE_UNAVAILABLE_ON_PLATFORM", "Named pipes exist on Windows only");
}

}  // namespace impersonate::port
