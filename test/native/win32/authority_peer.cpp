// Identities a thread takes on without a password: nobody's, and that of the other end of a pipe.

#include <windows.h>

#include "authority.h"
#include "call_failed.h"
#include "mint.h"

namespace seam {
namespace {

Handle MintAnonymous() {
  TokenSpec anonymous;
  anonymous.user = L"S-1-5-7";
  return MintToken(anonymous);
}

BOOL WINAPI AuthorityImpersonateAnonymousToken(HANDLE thread) {
  return AnswerWin32([&]() -> DWORD {
    NoteAuthority("ImpersonateAnonymousToken", L"", ERROR_SUCCESS);
    return SetThreadToken(&thread, MintAnonymous().get()) ? ERROR_SUCCESS : GetLastError();
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

// By the client process's own token: one it impersonated while it connected is not seen, nor a level it asked
// for.
BOOL WINAPI AuthorityImpersonateNamedPipeClient(HANDLE pipe) {
  return AnswerWin32([&]() -> DWORD {
    const Handle client = OpenClientToken(pipe);
    HANDLE copy = nullptr;
    if (!DuplicateTokenEx(client.get(), TOKEN_IMPERSONATE | TOKEN_QUERY, nullptr, SecurityImpersonation,
                          TokenImpersonation, &copy)) {
      return GetLastError();
    }
    const Handle owned(copy);
    NoteAuthority("ImpersonateNamedPipeClient", L"", ERROR_SUCCESS);
    return SetThreadToken(nullptr, copy) ? ERROR_SUCCESS : GetLastError();
  });
}

}  // namespace

std::vector<Substitute> PeerSubstitutes() {
  return {
      Replace<decltype(ImpersonateAnonymousToken)>("ImpersonateAnonymousToken",
                                                   AuthorityImpersonateAnonymousToken),
      Replace<decltype(ImpersonateNamedPipeClient)>("ImpersonateNamedPipeClient",
                                                    AuthorityImpersonateNamedPipeClient),
  };
}

}  // namespace seam
