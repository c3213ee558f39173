#include "core/port/peer.h"

#include <windows.h>
// After windows.h.
#include <aclapi.h>

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "win32/handle.h"
#include "win32/last_error.h"
#include "win32/pipe/pipe_instance.h"
#include "win32/pipe/pipe_security.h"
#include "win32/sid.h"
#include "win32/text.h"
#include "win32/thread/current_thread.h"
#include "win32/token/token_information.h"
#include "win32/token/win32_token.h"

namespace impersonate::port {
namespace {

using win32::PipeInstance;
using win32::PipeSecurity;
using win32::UniqueHandle;

HANDLE Handle(NativeSocket socket) noexcept { return reinterpret_cast<HANDLE>(socket); }

void RequireServerEnd(HANDLE pipe) {
  DWORD flags = 0;
  const bool named = GetFileType(pipe) == FILE_TYPE_PIPE &&
                     GetNamedPipeInfo(pipe, &flags, nullptr, nullptr, nullptr) != FALSE;
  if (!named) throw win32::InvalidArgument("The \"socket\" argument must be a named pipe");
  if ((flags & PIPE_SERVER_END) == 0) {
    throw win32::InvalidArgument(
        "The \"socket\" argument must be a connection that a server has accepted, not a client's end");
  }
}

void Impersonate(HANDLE pipe) {
  if (ImpersonateNamedPipeClient(pipe)) return;
  const DWORD error = GetLastError();
  throw win32::Win32Error(error, "ImpersonateNamedPipeClient",
                          error == ERROR_CANNOT_IMPERSONATE
                              ? "the client can be identified once data that it has written has been read"
                              : "");
}

UniqueHandle OpenClientToken() {
  try {
    UniqueHandle token = win32::OpenCurrentThreadToken(TOKEN_QUERY | TOKEN_DUPLICATE);
    if (token) return token;
  } catch (const Error& error) {
    if (error.number() != ERROR_CANT_OPEN_ANONYMOUS) throw;
    throw win32::Win32Error(ERROR_CANT_OPEN_ANONYMOUS, "OpenThreadToken",
                            "the client has connected at level anonymous, which hides its identity");
  }
  throw win32::Win32Error(ERROR_NO_TOKEN, "OpenThreadToken");
}

// The number of clients that can connect at the same time; the pipe is busy for further ones.
constexpr std::size_t kWaiting = 8;

class Win32PipeListener final : public PipeListener {
 public:
  Win32PipeListener(const std::string& path, PipeSecurity security)
      : path_(win32::ToWide(path)), security_(std::move(security)), stop_(win32::NewEvent()) {
    // While this process has an instance, no other process can create the first one.
    waiting_.push_back(std::make_unique<PipeInstance>(path_, security_, true));
    while (waiting_.size() < kWaiting) Add();
  }

  std::optional<OwnedSocket> Accept() override {
    for (;;) {
      Refill();
      const std::size_t index = WaitForOne();
      if (index == waiting_.size()) return std::nullopt;
      // New instances are added at the end, as the wait returns the first that is ready.
      const std::unique_ptr<PipeInstance> over = std::move(waiting_[index]);
      waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(index));
      if (UniqueHandle pipe = over->Take()) {
        return OwnedSocket(reinterpret_cast<NativeSocket>(pipe.release()));
      }
    }
  }

  void Stop() noexcept override { SetEvent(stop_.get()); }

 private:
  void Add() { waiting_.push_back(std::make_unique<PipeInstance>(path_, security_, false)); }

  // Creates the missing instances. If that fails and an instance is left, it is retried at the next client.
  void Refill() {
    try {
      while (waiting_.size() < kWaiting) Add();
    } catch (const Error&) {
      if (waiting_.empty()) throw;
    }
  }

  // The index of an instance whose wait has ended; the number of instances once the listener is stopped.
  std::size_t WaitForOne() const {
    std::array<HANDLE, kWaiting + 1> events{stop_.get()};
    for (std::size_t i = 0; i < waiting_.size(); ++i) events[i + 1] = waiting_[i]->event();
    const auto count = static_cast<DWORD>(waiting_.size() + 1);
    const DWORD result = WaitForMultipleObjects(count, events.data(), FALSE, INFINITE);
    if (result == WAIT_FAILED) win32::ThrowLastError("WaitForMultipleObjects");
    return result == WAIT_OBJECT_0 ? waiting_.size() : result - WAIT_OBJECT_0 - 1;
  }

  std::wstring path_;
  PipeSecurity security_;
  UniqueHandle stop_;
  std::vector<std::unique_ptr<PipeInstance>> waiting_;
};

// GENERIC_WRITE would include FILE_APPEND_DATA, which on a pipe is the right to serve it.
constexpr DWORD kAccess = FILE_GENERIC_READ | FILE_WRITE_DATA | FILE_WRITE_ATTRIBUTES;

DWORD QualityOfService(const PipeConnection& connection) {
  const DWORD level = static_cast<DWORD>(connection.level) << 16;
  const DWORD tracking = connection.unknown_until_write ? SECURITY_CONTEXT_TRACKING : 0;
  // SECURITY_EFFECTIVE_ONLY: the server gets only the privileges that the client has enabled.
  return SECURITY_SQOS_PRESENT | SECURITY_EFFECTIVE_ONLY | level | tracking;
}

static_assert(SECURITY_IDENTIFICATION == static_cast<DWORD>(Level::kIdentification) << 16);
static_assert(SECURITY_DELEGATION == static_cast<DWORD>(Level::kDelegation) << 16);

}  // namespace

void CloseSocket(NativeSocket socket) noexcept { CloseHandle(Handle(socket)); }

TokenRef TokenOfPeer(NativeSocket socket) {
  RequireServerEnd(Handle(socket));
  UniqueHandle client;
  {
    // The access checks of these calls must use the rights of the process, whatever the thread's identity.
    const win32::AsProcess as_process;
    Impersonate(Handle(socket));
    client = OpenClientToken();
  }
  return win32::Win32Token::CopyOf(client.get(), win32::LevelOf(client.get()), false);
}

std::string ServerOf(NativeSocket socket) {
  // The first call makes the system load a library.
  const win32::AsProcess as_process;
  PSID owner = nullptr;
  PSECURITY_DESCRIPTOR descriptor = nullptr;
  const DWORD error = GetSecurityInfo(Handle(socket), SE_KERNEL_OBJECT, OWNER_SECURITY_INFORMATION, &owner,
                                      nullptr, nullptr, nullptr, &descriptor);
  if (error != ERROR_SUCCESS) throw win32::Win32Error(error, "GetSecurityInfo");
  const win32::UniqueLocal<void> owned(descriptor);
  if (owner == nullptr) throw win32::Win32Error(ERROR_INVALID_OWNER, "GetSecurityInfo");
  return win32::SidToString(owner);
}

std::unique_ptr<PipeListener> ListenOnPipe(const PipeOptions& options) {
  const win32::AsProcess as_process;
  PipeSecurity security = options.security_descriptor.empty()
                              ? PipeSecurity::Allowing(options.allow)
                              : PipeSecurity::Parse(options.security_descriptor);
  return std::make_unique<Win32PipeListener>(options.path, std::move(security));
}

OwnedSocket ConnectToPipe(const PipeConnection& connection) {
  const std::wstring path = win32::ToWide(connection.path);
  const DWORD flags = FILE_FLAG_OVERLAPPED | QualityOfService(connection);
  const ULONGLONG start = GetTickCount64();
  for (;;) {
    const HANDLE pipe = CreateFileW(path.c_str(), kAccess, 0, nullptr, OPEN_EXISTING, flags, nullptr);
    if (pipe != INVALID_HANDLE_VALUE) return OwnedSocket(reinterpret_cast<NativeSocket>(pipe));
    const DWORD error = GetLastError();
    if (error != ERROR_PIPE_BUSY) throw win32::Win32Error(error, "CreateFileW");
    const ULONGLONG waited = GetTickCount64() - start;
    if (waited >= connection.timeout) throw win32::Win32Error(error, "CreateFileW", "the server is too busy");
    // Another client may connect to the free instance first, so this is a loop.
    if (WaitNamedPipeW(path.c_str(), static_cast<DWORD>(connection.timeout - waited))) continue;
    const DWORD wait_error = GetLastError();
    if (wait_error != ERROR_SEM_TIMEOUT) throw win32::Win32Error(wait_error, "WaitNamedPipeW");
  }
}

}  // namespace impersonate::port
