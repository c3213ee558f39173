#include "napi/peer_functions.h"

#include <memory>
#include <utility>

#include "core/port/peer.h"
#include "napi/arguments.h"
#include "napi/error_bridge.h"
#include "napi/loop_pipe.h"
#include "napi/os_handle.h"
#include "napi/pipe_server.h"
#include "napi/thread_promise.h"
#include "napi/token_functions.h"

namespace impersonate {
namespace {

Napi::Value PeerToken(const Napi::CallbackInfo& info) {
  return NewToken(info.Env(), port::TokenOfPeer(SocketOf(IntegerArgument(info, 0))));
}

Napi::Value PipePeerToken(const Napi::CallbackInfo& info) {
  return NewToken(info.Env(), port::TokenOfPeer(FindLoopPipe(info.Env(), FunctionArgument(info, 0))));
}

Napi::Value ServerOf(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), port::ServerOf(SocketOf(IntegerArgument(info, 0))));
}

Napi::Value ListenPipe(const Napi::CallbackInfo& info) {
  return StartPipeServer(
      info.Env(),
      port::ListenOnPipe({StringArgument(info, 0), StringsArgument(info, 1), StringArgument(info, 2)}),
      FunctionArgument(info, 3), FunctionArgument(info, 4), FunctionArgument(info, 5));
}

Napi::Value ConnectPipe(const Napi::CallbackInfo& info) {
  const port::PipeConnection connection{StringArgument(info, 0), LevelArgument(info, 1),
                                        info[2].ToBoolean().Value(),
                                        static_cast<std::uint32_t>(IntegerArgument(info, 3))};
  // Shared, as what is kept for the promise must be copyable.
  using Socket = std::shared_ptr<port::OwnedSocket>;
  return ThreadPromise<Socket>::Start(
      info.Env(), "impersonate:connectPeer",
      [connection] { return std::make_shared<port::OwnedSocket>(port::ConnectToPipe(connection)); },
      [](Napi::Env env, Socket socket) -> Napi::Value {
        return Napi::Number::New(env, OpenDescriptor(std::move(*socket)));
      });
}

}  // namespace

void ExportPeerFunctions(Napi::Env env, Napi::Object exports) {
  Export<PeerToken>(env, exports, "peerToken");
  Export<PipePeerToken>(env, exports, "pipePeerToken");
  Export<ServerOf>(env, exports, "serverOf");
  Export<ListenPipe>(env, exports, "listenPipe");
  Export<ConnectPipe>(env, exports, "connectPipe");
}

}  // namespace impersonate
