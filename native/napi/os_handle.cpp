#include "napi/os_handle.h"

#include "core/error.h"

namespace impersonate {
int OpenDescriptor(port::OwnedSocket socket) {
  uv_os_fd_t system{};
  FromNative(socket.get(), system);
  const int descriptor = uv_open_osfhandle(system);
  if (descriptor < 0) throw Error("EMFILE", 0, "uv_open_osfhandle", "There are too many open files");
  socket.Release();
  return descriptor;
}

port::NativeSocket SocketOf(int descriptor) { return ToNative(uv_get_osfhandle(descriptor)); }

}  // namespace impersonate
