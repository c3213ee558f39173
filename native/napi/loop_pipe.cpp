#include "napi/loop_pipe.h"

#include <uv.h>

#include <map>

#include "core/error.h"

namespace impersonate {
namespace {

struct Search {
  port::NativeSocket wanted;
  bool found = false;
};

using Pipes = std::map<uv_handle_t*, bool>;

// Whether each open pipe of the loop keeps it alive.
Pipes ReadPipes(uv_loop_t* loop) {
  Pipes pipes;
  uv_walk(
      loop,
      [](uv_handle_t* handle, void* found) {
        if (uv_handle_get_type(handle) != UV_NAMED_PIPE || uv_is_closing(handle)) return;
        static_cast<Pipes*>(found)->emplace(handle, uv_has_ref(handle) != 0);
      },
      &pipes);
  return pipes;
}

}  // namespace

int OpenDescriptor(port::OwnedSocket socket) {
  uv_os_fd_t system{};
  FromNative(socket.get(), system);
  const int descriptor = uv_open_osfhandle(system);
  if (descriptor < 0) throw Error("EMFILE", 0, "uv_open_osfhandle", "There are too many open files");
  socket.Release();
  return descriptor;
}

port::NativeSocket SocketOf(int descriptor) { return ToNative(uv_get_osfhandle(descriptor)); }

port::NativeSocket FindLoopPipe(Napi::Env env, const Napi::Function& toggle) {
  uv_loop_t* loop = nullptr;
  NAPI_THROW_IF_FAILED(env, napi_get_uv_event_loop(env, &loop), 0);
  const Pipes before = ReadPipes(loop);
  toggle.Call({});
  const Pipes after = ReadPipes(loop);
  uv_handle_t* toggled = nullptr;
  bool one = before.size() == after.size();
  for (const auto& [handle, has_ref] : after) {
    const auto known = before.find(handle);
    if (known != before.end() && known->second == has_ref) continue;
    one = one && known != before.end() && toggled == nullptr;
    toggled = handle;
  }
  uv_os_fd_t system{};
  if (!one || toggled == nullptr || uv_fileno(toggled, &system) != 0) {
    throw Error("ERR_INVALID_ARG_VALUE", "The \"socket\" argument must be an open named pipe of this thread");
  }
  return ToNative(system);
}

bool IsLoopPipe(Napi::Env env, port::NativeSocket socket) noexcept {
  uv_loop_t* loop = nullptr;
  if (napi_get_uv_event_loop(env, &loop) != napi_ok) return false;
  Search search{socket};
  uv_walk(
      loop,
      [](uv_handle_t* handle, void* data) {
        auto* const one = static_cast<Search*>(data);
        uv_os_fd_t system{};
        if (uv_handle_get_type(handle) != UV_NAMED_PIPE || uv_fileno(handle, &system) != 0) return;
        one->found = one->found || ToNative(system) == one->wanted;
      },
      &search);
  return search.found;
}

}  // namespace impersonate
