#include "win32/pipe/pipe_instance.h"

#include <utility>

#include "win32/last_error.h"

namespace impersonate::win32 {
namespace {

constexpr DWORD kBufferSize = 64 * 1024;

UniqueHandle CreatePipe(const std::wstring& path, const PipeSecurity& security, bool first) {
  const DWORD open = PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED | (first ? FILE_FLAG_FIRST_PIPE_INSTANCE : 0);
  constexpr DWORD kMode = PIPE_TYPE_BYTE | PIPE_READMODE_BYTE | PIPE_WAIT | PIPE_REJECT_REMOTE_CLIENTS;
  SECURITY_ATTRIBUTES attributes = security.attributes();
  const HANDLE pipe = CreateNamedPipeW(path.c_str(), open, kMode, PIPE_UNLIMITED_INSTANCES, kBufferSize,
                                       kBufferSize, 0, &attributes);
  if (pipe != INVALID_HANDLE_VALUE) return UniqueHandle(pipe);
  const DWORD error = GetLastError();
  const bool taken = first && error == ERROR_ACCESS_DENIED;
  throw Win32Error(error, "CreateNamedPipeW", taken ? "another server has a pipe of that name" : "");
}

}  // namespace

UniqueHandle NewEvent() {
  const HANDLE event = CreateEventW(nullptr, TRUE, FALSE, nullptr);
  if (event == nullptr) ThrowLastError("CreateEventW");
  return UniqueHandle(event);
}

PipeInstance::PipeInstance(const std::wstring& path, const PipeSecurity& security, bool first)
    : event_(NewEvent()), pipe_(CreatePipe(path, security, first)) {
  overlapped_.hEvent = event_.get();
  Wait();
}

void PipeInstance::Wait() {
  // An overlapped call never returns TRUE.
  if (!ConnectNamedPipe(pipe_.get(), &overlapped_)) {
    const DWORD error = GetLastError();
    if (error == ERROR_IO_PENDING) {
      pending_ = true;
      return;
    }
    // The client connected before the wait, and may have disconnected since.
    if (error != ERROR_PIPE_CONNECTED && error != ERROR_NO_DATA) throw Win32Error(error, "ConnectNamedPipe");
    connected_ = error == ERROR_PIPE_CONNECTED;
  } else {
    connected_ = true;
  }
  if (!SetEvent(event_.get())) ThrowLastError("SetEvent");
}

UniqueHandle PipeInstance::Take() {
  if (pending_) {
    DWORD none = 0;
    connected_ = GetOverlappedResult(pipe_.get(), &overlapped_, &none, FALSE) != FALSE;
    pending_ = !connected_ && GetLastError() == ERROR_IO_INCOMPLETE;
  }
  return connected_ ? std::move(pipe_) : nullptr;
}

PipeInstance::~PipeInstance() {
  if (!pending_) return;
  // Waits for the end of the operation, as the system writes to `overlapped_` until then.
  CancelIoEx(pipe_.get(), &overlapped_);
  DWORD none = 0;
  GetOverlappedResult(pipe_.get(), &overlapped_, &none, TRUE);
}

}  // namespace impersonate::win32
