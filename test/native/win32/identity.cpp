#include "identity.h"

#include "call_failed.h"
#include "security_text.h"

namespace seam {
namespace {

int ReadLevel(HANDLE token) {
  TOKEN_TYPE type{};
  DWORD type_size = 0;
  if (!GetTokenInformation(token, TokenType, &type, sizeof type, &type_size))
    ThrowLastError("GetTokenInformation");
  if (type == TokenPrimary) return kNoLevel;
  SECURITY_IMPERSONATION_LEVEL level{};
  DWORD size = 0;
  if (!GetTokenInformation(token, TokenImpersonationLevel, &level, sizeof level, &size)) {
    ThrowLastError("GetTokenInformation");
  }
  return static_cast<int>(level);
}

std::wstring ReadUser(HANDLE token) {
  alignas(TOKEN_USER) BYTE memory[sizeof(TOKEN_USER) + SECURITY_MAX_SID_SIZE];
  DWORD size = 0;
  if (!GetTokenInformation(token, TokenUser, memory, sizeof memory, &size)) {
    ThrowLastError("GetTokenInformation");
  }
  return SidText(reinterpret_cast<TOKEN_USER*>(memory)->User.Sid);
}

}  // namespace

EffectiveToken OpenEffectiveToken(DWORD access) {
  HANDLE token = nullptr;
  if (OpenThreadToken(GetCurrentThread(), access, TRUE, &token)) {
    Handle handle(token);
    const int level = ReadLevel(token);
    return {std::move(handle), true, level};
  }
  const DWORD error = GetLastError();
  if (error == ERROR_CANT_OPEN_ANONYMOUS) return {nullptr, true, SecurityAnonymous};
  // The product's tokens grant access to the process alone, but Wine checks the thread's own rights.
  const HANDLE self = GetCurrentProcess();
  if (error == ERROR_ACCESS_DENIED &&
      DuplicateHandle(self, GetCurrentThreadToken(), self, &token, access, FALSE, 0)) {
    Handle handle(token);
    const int level = ReadLevel(token);
    return {std::move(handle), true, level};
  }
  if (error != ERROR_NO_TOKEN) throw CallFailed("OpenThreadToken", error);
  if (!OpenProcessToken(GetCurrentProcess(), access, &token)) ThrowLastError("OpenProcessToken");
  return {Handle(token), false, kNoLevel};
}

Identity DescribeToken(const EffectiveToken& token) {
  if (!token.handle) return {L"", token.of_thread, token.level};
  return {ReadUser(token.handle.get()), token.of_thread, token.level};
}

Identity ReadIdentity() { return DescribeToken(OpenEffectiveToken(TOKEN_QUERY)); }

std::wstring ReadEffectiveUser() { return ReadUser(GetCurrentThreadEffectiveToken()); }

}  // namespace seam
