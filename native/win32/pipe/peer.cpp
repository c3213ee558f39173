#include "core/port/peer.h"

#include <windows.h>
// After windows.h.
#include <aclapi.h>

#include "win32/last_error.h"
#include "win32/local_memory.h"
#include "win32/sid.h"
#include "win32/thread/current_thread.h"
#include "win32/token/token_information.h"
#include "win32/token/win32_token.h"

namespace impersonate::port {
namespace {

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
                              ? "who the client is shows once something that it has written has been read"
                              : "");
}

win32::UniqueHandle OpenClientToken() {
  try {
    win32::UniqueHandle token = win32::OpenCurrentThreadToken(TOKEN_QUERY | TOKEN_DUPLICATE);
    if (token) return token;
  } catch (const Error& error) {
    if (error.number() != ERROR_CANT_OPEN_ANONYMOUS) throw;
    throw win32::Win32Error(ERROR_CANT_OPEN_ANONYMOUS, "OpenThreadToken",
                            "the client has connected at level anonymous and does not say who it is");
  }
  throw win32::Win32Error(ERROR_NO_TOKEN, "OpenThreadToken");
}

}  // namespace

void CloseSocket(NativeSocket socket) noexcept { CloseHandle(Handle(socket)); }

TokenRef TokenOfPeer(NativeSocket socket) {
  RequireServerEnd(Handle(socket));
  win32::UniqueHandle client;
  {
    // What the calls are judged by is the process's rights, whomever the thread acts as.
    const win32::AsProcess as_process;
    Impersonate(Handle(socket));
    client = OpenClientToken();
  }
  return win32::Win32Token::CopyOf(client.get(), win32::LevelOf(client.get()), false);
}

std::string ServerOf(NativeSocket socket) {
  // Has the system load a library at its first call.
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

}  // namespace impersonate::port
