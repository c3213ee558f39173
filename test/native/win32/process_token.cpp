#include "process_token.h"

#include "call_failed.h"

namespace seam {

Handle OpenOwnToken() {
  HANDLE token = nullptr;
  const DWORD access = TOKEN_QUERY | TOKEN_DUPLICATE | TOKEN_IMPERSONATE | TOKEN_ADJUST_PRIVILEGES;
  if (!OpenProcessToken(GetCurrentProcess(), access, &token)) ThrowLastError("OpenProcessToken");
  return Handle(token);
}

void RemoveOwnPrivilege(const std::wstring& name) {
  TOKEN_PRIVILEGES change{};
  change.PrivilegeCount = 1;
  change.Privileges[0].Attributes = SE_PRIVILEGE_REMOVED;
  if (!LookupPrivilegeValueW(nullptr, name.c_str(), &change.Privileges[0].Luid)) {
    ThrowLastError("LookupPrivilegeValueW");
  }
  const Handle token = OpenOwnToken();
  if (!AdjustTokenPrivileges(token.get(), FALSE, &change, 0, nullptr, nullptr)) {
    ThrowLastError("AdjustTokenPrivileges");
  }
}

void ImpersonateSelfAt(SECURITY_IMPERSONATION_LEVEL level) {
  if (!ImpersonateSelf(level)) ThrowLastError("ImpersonateSelf");
}

bool IsWine() { return GetProcAddress(GetModuleHandleW(L"ntdll.dll"), "wine_get_version") != nullptr; }

}  // namespace seam
