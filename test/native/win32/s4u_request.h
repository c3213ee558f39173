#pragma once

#include <windows.h>
// After windows.h.
#include <ntsecapi.h>

#include <string>

namespace seam {

// KERB_S4U_LOGON or MSV1_0_S4U_LOGON, which are laid out alike, as LsaLogonUser is given them. The system
// copies the one block to another process: what lies outside it is not there.
class S4URequest {
 public:
  S4URequest(const void* block, ULONG size);

  // Only then is there anything to read.
  bool valid() const { return valid_; }
  std::wstring name() const { return Text(logon_.name); }
  std::wstring domain() const { return Text(logon_.domain); }
  // The hours in which the account may log on count.
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
