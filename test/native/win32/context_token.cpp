#include "context_token.h"

// After windows.h.
#define SECURITY_WIN32
#include <security.h>

#include <mutex>

#include "redirects.h"
#include "users.h"

namespace seam {
namespace {

std::mutex mutex;

std::wstring& TheUser() {
  static std::wstring& user = *new std::wstring;
  return user;
}

SECURITY_STATUS SEC_ENTRY ContextToken(PCtxtHandle handle, void** out) {
  const SECURITY_STATUS status = QuerySecurityContextToken(handle, out);
  if (status != SEC_E_UNSUPPORTED_FUNCTION) return status;
  try {
    const std::lock_guard<std::mutex> lock(mutex);
    const std::optional<User> user = FindUser(TheUser(), L"");
    if (!user) return status;
    *out = MakeUserToken(*user, L"S-1-5-2", TokenImpersonation, SecurityImpersonation).release();
    return SEC_E_OK;
  } catch (const std::exception&) {
    return SEC_E_INTERNAL_ERROR;
  }
}

}  // namespace

std::vector<std::string> ReplaceContextTokens(HMODULE module, const std::wstring& user) {
  {
    const std::lock_guard<std::mutex> lock(mutex);
    TheUser() = user;
  }
  return RedirectImports(
      module, {Replace<decltype(QuerySecurityContextToken)>("QuerySecurityContextToken", ContextToken)});
}

}  // namespace seam
