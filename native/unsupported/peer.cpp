#include "core/port/peer.h"

#include "core/error.h"

namespace impersonate::port {
namespace {

[[noreturn]] void Unsupported() {
  throw Error("ERR_UNSUPPORTED_PLATFORM", "Impersonation is not supported on this platform");
}

}  // namespace

void CloseSocket(NativeSocket) noexcept {}
TokenRef TokenOfPeer(NativeSocket) { Unsupported(); }
std::string ServerOf(NativeSocket) { Unsupported(); }
std::unique_ptr<PipeListener> ListenOnPipe(const PipeOptions&) { Unsupported(); }
OwnedSocket ConnectToPipe(const PipeConnection&) { Unsupported(); }

}  // namespace impersonate::port
