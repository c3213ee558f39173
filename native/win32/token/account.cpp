#include <string>

#include "core/port.h"
#include "win32/last_error.h"
#include "win32/sid.h"
#include "win32/text.h"

namespace impersonate::port {

std::optional<Account> LookupAccount(const Principal& principal) {
  const win32::Sid sid = win32::Sid::Parse(principal.id);
  std::wstring name(256, L'\0');
  std::wstring domain(256, L'\0');
  for (;;) {
    auto name_length = static_cast<DWORD>(name.size());
    auto domain_length = static_cast<DWORD>(domain.size());
    SID_NAME_USE use{};
    if (LookupAccountSidW(nullptr, sid.get(), name.data(), &name_length, domain.data(), &domain_length,
                          &use)) {
      return Account{win32::ToUtf8(name.c_str()), win32::ToUtf8(domain.c_str())};
    }
    const DWORD error = GetLastError();
    if (error == ERROR_NONE_MAPPED) return std::nullopt;
    const bool longer = name_length > name.size() || domain_length > domain.size();
    if (error != ERROR_INSUFFICIENT_BUFFER || !longer) throw win32::Win32Error(error, "LookupAccountSidW");
    name.resize(name_length > name.size() ? name_length : name.size());
    domain.resize(domain_length > domain.size() ? domain_length : domain.size());
  }
}

}  // namespace impersonate::port
