#include <napi.h>
#include <uv.h>

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "core/error.h"
#include "core/port/peer.h"
#include "core/port/thread.h"
#include "core/scope_stack.h"
#include "fs/call.h"
#include "napi/arguments.h"
#include "napi/environment.h"
#include "napi/error_bridge.h"
#include "napi/exports.h"
#include "napi/loop_pipe.h"
#include "napi/thread_promise.h"

namespace impersonate {
namespace {

// The number of accepted clients that may wait for the event loop; further ones are not accepted yet.
constexpr std::size_t kMaxQueued = 16;

// A client; without a socket, the failure of the listener.
struct Connection {
  std::optional<port::OwnedSocket> socket;
  TokenRef token;
  std::optional<Error> error;
};

class PipeServer : public std::enable_shared_from_this<PipeServer> {
 public:
  PipeServer(Napi::Env env, std::unique_ptr<port::PipeListener> listener)
      : env_(env), listener_(std::move(listener)) {}

  void Start(Napi::Function open, Napi::Function arrived, Napi::Function failed) {
    const BaselineScope as_process;
    const Napi::String name = Napi::String::New(env_, "impersonate:peers");
    NAPI_THROW_IF_FAILED_VOID(
        env_, napi_create_threadsafe_function(env_, nullptr, nullptr, name, 0, 1, nullptr,
                                              &PipeServer::Finalize, this, &PipeServer::Wake, &wake_));
    // The thread-safe function refers to this object until it is finalized.
    self_ = shared_from_this();
    open_ = Napi::Persistent(open);
    arrived_ = Napi::Persistent(arrived);
    failed_ = Napi::Persistent(failed);
    try {
      thread_ = std::thread([this] { AcceptClients(); });
    } catch (const std::system_error& error) {
      Release();
      throw Error("EAGAIN", error.code().value(), "std::thread", "No thread can be started for the server");
    }
    // Added after the function was created, so that an ending environment ends the thread before it destroys
    // the function.
    napi_add_env_cleanup_hook(env_, &PipeServer::EndWithEnvironment, this);
  }

  // Closes the pipe before it returns. No function is called after that.
  void Close() {
    if (!thread_.joinable()) return;
    napi_remove_env_cleanup_hook(env_, &PipeServer::EndWithEnvironment, this);
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      closing_ = true;
    }
    space_.notify_all();
    listener_->Stop();
    thread_.join();
    listener_.reset();
    connections_.clear();
    Release();
  }

  void SetRef(bool ref) {
    if (!thread_.joinable()) return;
    if (ref) {
      napi_ref_threadsafe_function(env_, wake_);
    } else {
      napi_unref_threadsafe_function(env_, wake_);
    }
  }

 private:
  void Release() {
    open_.Reset();
    arrived_.Reset();
    failed_.Reset();
    napi_release_threadsafe_function(wake_, napi_tsfn_abort);
  }

  void AcceptClients() noexcept {
    try {
      port::InitThread();
      while (std::optional<port::OwnedSocket> socket = listener_->Accept()) {
        Enqueue(Identify(std::move(*socket)));
      }
    } catch (const Error& error) {
      Enqueue({std::nullopt, nullptr, error});
    } catch (const std::exception& error) {
      Enqueue({std::nullopt, nullptr, Error("ERR_INTERNAL", error.what())});
    }
  }

  static Connection Identify(port::OwnedSocket socket) {
    try {
      TokenRef token = port::TokenOfPeer(socket.get());
      return {std::move(socket), std::move(token), std::nullopt};
    } catch (const Error& error) {
      return {std::move(socket), nullptr, error};
    }
  }

  void Enqueue(Connection connection) {
    {
      std::unique_lock<std::mutex> lock(mutex_);
      space_.wait(lock, [this] { return closing_ || connections_.size() < kMaxQueued; });
      if (closing_) return;
      connections_.push_back(std::move(connection));
    }
    napi_call_threadsafe_function(wake_, nullptr, napi_tsfn_nonblocking);
  }

  // Once for each connection.
  static void Wake(napi_env raw, napi_value, void* context, void*) {
    auto* const server = static_cast<PipeServer*>(context);
    if (raw == nullptr || !server->thread_.joinable()) return;
    const Napi::Env env(raw);
    const Napi::HandleScope scope(env);
    const std::shared_ptr<PipeServer> kept = server->shared_from_this();
    try {
      std::optional<Connection> connection = server->Take();
      if (connection) server->Deliver(env, std::move(*connection));
    } catch (const Napi::Error& error) {
      napi_fatal_exception(env, error.Value());
    }
  }

  std::optional<Connection> Take() {
    std::optional<Connection> connection;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (connections_.empty()) return std::nullopt;
      connection.emplace(std::move(connections_.front()));
      connections_.pop_front();
    }
    space_.notify_one();
    return connection;
  }

  void Deliver(Napi::Env env, Connection connection) {
    if (!connection.socket) {
      const Napi::Value error = ToJavaScript(env, *connection.error).Value();
      failed_.Call({error});
      return;
    }
    // Throws in an environment that is ending, which could not own the descriptor.
    static_cast<void>(arrived_.Value().Get("length"));
    Napi::Value error = env.Null();
    if (connection.error) error = ToJavaScript(env, *connection.error).Value();
    Napi::Value token = Napi::Number::New(env, 0);
    Napi::Value socket = env.Null();
    int descriptor = -1;
    try {
      if (connection.token) token = NewToken(env, std::move(connection.token));
      descriptor = OpenDescriptor(std::move(*connection.socket));
      socket = OpenSocket(env, descriptor);
    } catch (const Error& failure) {
      error = ToJavaScript(env, failure).Value();
    } catch (const Napi::Error& failure) {
      error = failure.Value();
      descriptor = -1;
    }
    arrived_.Call({error, Napi::Number::New(env, descriptor), socket, token});
  }

  // If the thread is terminated before the function has made a socket, the descriptor has no owner and is
  // closed here: otherwise the client would wait.
  Napi::Value OpenSocket(Napi::Env env, int descriptor) {
    try {
      return open_.Call({Napi::Number::New(env, descriptor)});
    } catch (const Napi::Error&) {
      if (!IsLoopPipe(env, SocketOf(descriptor))) fs::CloseDescriptor(descriptor);
      throw;
    }
  }

  static void EndWithEnvironment(void* data) { static_cast<PipeServer*>(data)->Close(); }

  static void Finalize(napi_env, void*, void* context) {
    const std::shared_ptr<PipeServer> last = std::move(static_cast<PipeServer*>(context)->self_);
  }

  Napi::Env env_;
  std::unique_ptr<port::PipeListener> listener_;
  napi_threadsafe_function wake_ = nullptr;
  std::shared_ptr<PipeServer> self_;
  Napi::FunctionReference open_;
  Napi::FunctionReference arrived_;
  Napi::FunctionReference failed_;
  std::thread thread_;

  std::mutex mutex_;  // for what follows
  std::condition_variable space_;
  std::deque<Connection> connections_;
  bool closing_ = false;
};

// Accepts clients on a dedicated thread until it is closed or the environment ends. For each client it calls
// `open(fd)`, which returns a socket that owns the descriptor, and then `arrived(error, fd, socket, token)`:
// `error` is null, or the reason why there is no socket or no token. If there is no socket, the descriptor is
// closed and `fd` is -1. Calls `failed(error)` when it cannot accept more clients. Returns an object with
// close(), ref() and unref(). Throws Error.
Napi::Value StartPipeServer(Napi::Env env, std::unique_ptr<port::PipeListener> listener, Napi::Function open,
                            Napi::Function arrived, Napi::Function failed) {
  const auto server = std::make_shared<PipeServer>(env, std::move(listener));
  server->Start(open, arrived, failed);
  const auto method = [&](const char* name, auto act) {
    return Napi::Function::New(env, [server, act](const Napi::CallbackInfo&) { act(*server); }, name);
  };
  Napi::Object object = Napi::Object::New(env);
  object.Set("close", method("close", [](PipeServer& one) { one.Close(); }));
  object.Set("ref", method("ref", [](PipeServer& one) { one.SetRef(true); }));
  object.Set("unref", method("unref", [](PipeServer& one) { one.SetRef(false); }));
  return object;
}

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
  // Shared, as the result of a promise must be copyable.
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
