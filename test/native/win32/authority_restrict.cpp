// The flags and restricting SIDs of a restricted token, and integrity levels, which Wine accepts and ignores.
// The calls are recorded, and then made with what Wine implements.

#include <windows.h>
#include <winternl.h>

#include <string>

#include "authority.h"
#include "call_failed.h"
#include "nt_function.h"
#include "security_text.h"

namespace seam {
namespace {

std::wstring RestrictionText(DWORD flags, const SID_AND_ATTRIBUTES* first, DWORD count) {
  std::wstring text = L"flags " + std::to_wstring(flags);
  for (const SID_AND_ATTRIBUTES* entry = first; entry != first + count; ++entry)
    text += L" " + SidText(entry->Sid);
  return text;
}

BOOL WINAPI AuthorityCreateRestrictedToken(HANDLE token, DWORD flags, DWORD disable_count,
                                           PSID_AND_ATTRIBUTES disable, DWORD delete_count,
                                           PLUID_AND_ATTRIBUTES remove, DWORD restrict_count,
                                           PSID_AND_ATTRIBUTES restrict_to, PHANDLE restricted) {
  return ReturnWin32Bool([&]() -> DWORD {
    RecordAuthorityCall("CreateRestrictedToken", RestrictionText(flags, restrict_to, restrict_count),
                        ERROR_SUCCESS);
    return CreateRestrictedToken(token, flags, disable_count, disable, delete_count, remove, restrict_count,
                                 restrict_to, restricted)
               ? ERROR_SUCCESS
               : GetLastError();
  });
}

ACCESS_MASK AccessOf(HANDLE handle) {
  using QueryObject = NTSTATUS(NTAPI*)(HANDLE, OBJECT_INFORMATION_CLASS, PVOID, ULONG, PULONG);
  static const auto query_object = FindNt<QueryObject>("NtQueryObject");
  PUBLIC_OBJECT_BASIC_INFORMATION basic{};
  CheckStatus("NtQueryObject", query_object(handle, ObjectBasicInformation, &basic, sizeof basic, nullptr));
  return basic.GrantedAccess;
}

BOOL WINAPI AuthoritySetTokenInformation(HANDLE token, TOKEN_INFORMATION_CLASS what, LPVOID value,
                                         DWORD length) {
  return ReturnWin32Bool([&]() -> DWORD {
    if (what != TokenIntegrityLevel)
      return SetTokenInformation(token, what, value, length) ? ERROR_SUCCESS : GetLastError();
    const SID_AND_ATTRIBUTES& label = static_cast<TOKEN_MANDATORY_LABEL*>(value)->Label;
    const bool may = (AccessOf(token) & TOKEN_ADJUST_DEFAULT) != 0;
    const bool whole = length >= sizeof(TOKEN_MANDATORY_LABEL) && label.Attributes == SE_GROUP_INTEGRITY;
    const DWORD error = !may ? ERROR_ACCESS_DENIED : !whole ? ERROR_INVALID_PARAMETER : ERROR_SUCCESS;
    RecordAuthorityCall("SetTokenInformation", L"integrity " + SidText(label.Sid), error);
    return error;
  });
}

}  // namespace

std::vector<Substitute> RestrictSubstitutes() {
  return {
      Replace<decltype(CreateRestrictedToken)>("CreateRestrictedToken", AuthorityCreateRestrictedToken),
      Replace<decltype(SetTokenInformation)>("SetTokenInformation", AuthoritySetTokenInformation),
  };
}

}  // namespace seam
