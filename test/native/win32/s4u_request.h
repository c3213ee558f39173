#pragma once

#include <windows.h>
// After windows.h.
#include <ntsecapi.h>

#include <string>

namespace seam {

// KERB_S4U_LOGON or MSV1_0_S4U_LOGON, which have the same layout, as passed to LsaLogonUser. The system
// copies only this block to another process, so nothing outside it can be read.
class S4URequest {
 public:
  S4URequest(const void* block, ULONG size);

  // If false, the request cannot be read.
  bool valid() const { return valid_; }
  std::wstring name() const { return Text(logon_.name); }
  std::wstring domain() const { return Text(logon_.domain); }
  // Whether the account's logon hours apply.
  bool checks_hours() const { return (logon_.flags & MSV1_0_S4U_LOGON_FLAG_CHECK_LOGONHOURS) != 0; }

 private:
  struct Layout {
    ULONG message_type;
    ULONG flags;
    UNICODE_STRING name;
    UNICODE_STRING domain;
  };

  static std::wstring Text(const UNICODE_STRING& text);

  Layout logon_{};
  bool valid_ = false;
};

}  // namespace seam
