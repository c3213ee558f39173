#include "win32/logon/s4u_name.h"

#define SECURITY_WIN32
#include <windows.h>
// After windows.h.
#include <security.h>

#include <utility>

#include "win32/last_error.h"
#include "win32/logon/lsa.h"
#include "win32/text.h"

namespace impersonate::win32 {
namespace {

// The maximum length of a UNICODE_STRING, in characters.
constexpr std::size_t kLongest = 0x7ffe;

std::wstring ComputerName() {
  wchar_t name[MAX_COMPUTERNAME_LENGTH + 1];
  DWORD size = MAX_COMPUTERNAME_LENGTH + 1;
  if (!GetComputerNameW(name, &size)) ThrowLastError("GetComputerNameW");
  return std::wstring(name, size);
}

Sid AccountSid(const std::wstring& account, const std::string& text) {
  unsigned char sid[SECURITY_MAX_SID_SIZE];
  std::wstring domain(256, L'\0');
  for (;;) {
    DWORD sid_size = sizeof sid;
    auto domain_size = static_cast<DWORD>(domain.size());
    SID_NAME_USE use{};
    if (LookupAccountNameW(nullptr, account.c_str(), sid, &sid_size, domain.data(), &domain_size, &use)) {
      return Sid(sid);
    }
    const DWORD error = GetLastError();
    if (error == ERROR_NONE_MAPPED) throw UnknownUser("LookupAccountNameW", text);
    if (error != ERROR_INSUFFICIENT_BUFFER || domain_size <= domain.size())
      throw Win32Error(error, "LookupAccountNameW");
    domain.resize(domain_size);
  }
}

// The domain's DNS name, a backslash and the user.
std::wstring DnsName(const std::wstring& account, const std::string& text) {
  std::wstring name(256, L'\0');
  for (;;) {
    auto size = static_cast<ULONG>(name.size());
    if (TranslateNameW(account.c_str(), NameSamCompatible, NameDnsDomain, name.data(), &size)) {
      return name.c_str();
    }
    const DWORD error = GetLastError();
    if (error == ERROR_NONE_MAPPED) throw UnknownUser("TranslateNameW", text);
    if (error != ERROR_INSUFFICIENT_BUFFER || size <= name.size()) throw Win32Error(error, "TranslateNameW");
    name.resize(size);
  }
}

}  // namespace

S4UName::S4UName(const std::string& text) : text_(text), whole_(ToWide(text)) {
  const std::size_t backslash = whole_.find(L'\\');
  const std::size_t at = whole_.rfind(L'@');
  if (backslash != std::wstring::npos) {
    domain_ = whole_.substr(0, backslash);
    user_ = whole_.substr(backslash + 1);
  } else if (at != std::wstring::npos) {
    domain_ = whole_.substr(at + 1);
    user_ = whole_.substr(0, at);
    upn_ = true;
  } else {
    domain_ = L".";
    user_ = whole_;
  }
  const bool second = user_.find(L'\\') != std::wstring::npos;
  if (user_.empty() || domain_.empty() || second || whole_.size() > kLongest) {
    throw InvalidArgument("The argument 'name' must be user@domain, DOMAIN\\user or a local user's name");
  }
  local_ = domain_ == L"." || EqualIgnoringCase(domain_, ComputerName());
  if (local_) domain_ = L".";
}

S4UName::Principal S4UName::ToPrincipal() const {
  if (upn_) return {whole_, std::nullopt};
  // Every account of a domain has this implicit UPN, besides an explicit one. The explicit UPN of another
  // account may be the same, so the expected SID is returned, too.
  Sid sid = AccountSid(whole_, text_);
  const std::wstring dns = DnsName(whole_, text_);
  const std::size_t backslash = dns.find(L'\\');
  if (backslash == std::wstring::npos) throw UnknownUser("TranslateNameW", text_);
  return {dns.substr(backslash + 1) + L"@" + dns.substr(0, backslash), std::move(sid)};
}

}  // namespace impersonate::win32
