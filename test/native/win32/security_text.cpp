#include "security_text.h"

#include <sddl.h>

#include "call_failed.h"

namespace seam {

Sid ParseSid(const std::wstring& text) {
  PSID sid = nullptr;
  if (!ConvertStringSidToSidW(text.c_str(), &sid)) ThrowLastError("ConvertStringSidToSidW");
  return Sid(sid);
}

std::wstring SidText(PSID sid) {
  LPWSTR text = nullptr;
  if (!ConvertSidToStringSidW(sid, &text)) ThrowLastError("ConvertSidToStringSidW");
  return LocalMemory<wchar_t>(text).get();
}

Descriptor ParseSddl(const std::wstring& sddl) {
  const std::wstring whole = sddl.compare(0, 2, L"D:") == 0 ? L"O:SYG:SY" + sddl : sddl;
  PSECURITY_DESCRIPTOR descriptor = nullptr;
  if (!ConvertStringSecurityDescriptorToSecurityDescriptorW(whole.c_str(), SDDL_REVISION_1, &descriptor,
                                                            nullptr)) {
    ThrowLastError("ConvertStringSecurityDescriptorToSecurityDescriptorW");
  }
  return Descriptor(descriptor);
}

}  // namespace seam
