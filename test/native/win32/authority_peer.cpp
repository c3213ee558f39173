// Impersonation without a logon, of the anonymous user and of the client of a pipe; and the creation of
// pipes.

#include <windows.h>
// After windows.h.
#include <sddl.h>

#include <atomic>
#include <cwchar>
#include <string>

#include "authority.h"
#include "call_failed.h"
#include "test_token.h"

namespace seam {
namespace {

Handle MakeAnonymousToken() {
  TokenSpec anonymous;
  anonymous.user = L"S-1-5-7";
  return MakeToken(anonymous);
}

BOOL WINAPI AuthorityImpersonateAnonymousToken(HANDLE thread) {
  return ReturnWin32Bool([&]() -> DWORD {
    RecordAuthorityCall("ImpersonateAnonymousToken", L"", ERROR_SUCCESS);
    return SetThreadToken(&thread, MakeAnonymousToken().get()) ? ERROR_SUCCESS : GetLastError();
  });
}

Handle OpenClientToken(HANDLE pipe) {
  ULONG client = 0;
  if (!GetNamedPipeClientProcessId(pipe, &client)) ThrowLastError("GetNamedPipeClientProcessId");
  const Handle process(OpenProcess(PROCESS_QUERY_INFORMATION, FALSE, client));
  if (!process) ThrowLastError("OpenProcess");
  HANDLE token = nullptr;
  if (!OpenProcessToken(process.get(), TOKEN_DUPLICATE, &token)) ThrowLastError("OpenProcessToken");
  return Handle(token);
}

// The impersonation level that the latest client of this process allows, which Wine does not store.
std::atomic<int> client_level{SecurityImpersonation};

SECURITY_IMPERSONATION_LEVEL LevelOfClient(HANDLE pipe) {
  ULONG client = 0;
  if (!GetNamedPipeClientProcessId(pipe, &client)) ThrowLastError("GetNamedPipeClientProcessId");
  if (client != GetCurrentProcessId()) return SecurityImpersonation;
  return static_cast<SECURITY_IMPERSONATION_LEVEL>(client_level.load());
}

// Uses the token of the client's process: neither a token that the client impersonated while it connected nor
// the level that another process has allowed is known here.
BOOL WINAPI AuthorityImpersonateNamedPipeClient(HANDLE pipe) {
  return ReturnWin32Bool([&]() -> DWORD {
    const Handle client = OpenClientToken(pipe);
    HANDLE copy = nullptr;
    if (!DuplicateTokenEx(client.get(), TOKEN_IMPERSONATE | TOKEN_QUERY, nullptr, LevelOfClient(pipe),
                          TokenImpersonation, &copy)) {
      return GetLastError();
    }
    const Handle owned(copy);
    RecordAuthorityCall("ImpersonateNamedPipeClient", L"", ERROR_SUCCESS);
    return SetThreadToken(nullptr, copy) ? ERROR_SUCCESS : GetLastError();
  });
}

std::wstring DescriptorText(const SECURITY_ATTRIBUTES* attributes) {
  if (attributes == nullptr) return L"none";
  LPWSTR text = nullptr;
  if (!ConvertSecurityDescriptorToStringSecurityDescriptorW(
          attributes->lpSecurityDescriptor, SDDL_REVISION_1,
          OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION, &text, nullptr)) {
    ThrowLastError("ConvertSecurityDescriptorToStringSecurityDescriptorW");
  }
  return LocalMemory<wchar_t>(text).get();
}

HANDLE WINAPI AuthorityCreateNamedPipeW(LPCWSTR path, DWORD open, DWORD mode, DWORD most, DWORD out, DWORD in,
                                        DWORD timeout, LPSECURITY_ATTRIBUTES attributes) {
  HANDLE pipe = INVALID_HANDLE_VALUE;
  ReturnWin32Bool([&]() -> DWORD {
    const std::wstring flags = std::to_wstring(open) + L" " + std::to_wstring(mode) + L" ";
    RecordAuthorityCall("CreateNamedPipeW", flags + DescriptorText(attributes), ERROR_SUCCESS);
    pipe = CreateNamedPipeW(path, open, mode, most, out, in, timeout, attributes);
    return pipe == INVALID_HANDLE_VALUE ? GetLastError() : ERROR_SUCCESS;
  });
  return pipe;
}

HANDLE WINAPI AuthorityCreateFileW(LPCWSTR path, DWORD access, DWORD share, LPSECURITY_ATTRIBUTES attributes,
                                   DWORD disposition, DWORD flags, HANDLE like) {
  constexpr wchar_t kPipes[] = L"\\\\.\\pipe\\";
  if (std::wcsncmp(path, kPipes, std::wcslen(kPipes)) != 0) {
    return CreateFileW(path, access, share, attributes, disposition, flags, like);
  }
  HANDLE pipe = INVALID_HANDLE_VALUE;
  ReturnWin32Bool([&]() -> DWORD {
    RecordAuthorityCall("CreateFileW", std::to_wstring(access) + L" " + std::to_wstring(flags),
                        ERROR_SUCCESS);
    // Before the server can accept the client.
    client_level = SecurityImpersonation;
    if ((flags & SECURITY_SQOS_PRESENT) != 0) client_level = static_cast<int>((flags >> 16) & 3);
    pipe = CreateFileW(path, access, share, attributes, disposition, flags, like);
    return pipe == INVALID_HANDLE_VALUE ? GetLastError() : ERROR_SUCCESS;
  });
  return pipe;
}

}  // namespace

std::vector<Substitute> PeerSubstitutes() {
  return {
      Replace<decltype(ImpersonateAnonymousToken)>("ImpersonateAnonymousToken",
                                                   AuthorityImpersonateAnonymousToken),
      Replace<decltype(ImpersonateNamedPipeClient)>("ImpersonateNamedPipeClient",
                                                    AuthorityImpersonateNamedPipeClient),
      Replace<decltype(CreateNamedPipeW)>("CreateNamedPipeW", AuthorityCreateNamedPipeW),
      Replace<decltype(CreateFileW)>("CreateFileW", AuthorityCreateFileW),
  };
}

}  // namespace seam
