#include "core/port/logon.h"

#include <windows.h>
// After windows.h.
#include <ntsecapi.h>

#include <climits>
#include <cstddef>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "win32/handle.h"
#include "win32/last_error.h"
#include "win32/logon/lsa.h"
#include "win32/logon/s4u_name.h"
#include "win32/sid.h"
#include "win32/text.h"
#include "win32/token/token_information.h"
#include "win32/token/win32_token.h"

namespace impersonate::port {
namespace {

using win32::UniqueHandle;

static_assert(static_cast<int>(LogonType::kInteractive) == LOGON32_LOGON_INTERACTIVE);
static_assert(static_cast<int>(LogonType::kNetwork) == LOGON32_LOGON_NETWORK);
static_assert(static_cast<int>(LogonType::kBatch) == LOGON32_LOGON_BATCH);
static_assert(static_cast<int>(LogonType::kService) == LOGON32_LOGON_SERVICE);
static_assert(static_cast<int>(LogonType::kUnlock) == LOGON32_LOGON_UNLOCK);
static_assert(static_cast<int>(LogonType::kNetworkCleartext) == LOGON32_LOGON_NETWORK_CLEARTEXT);
static_assert(static_cast<int>(LogonType::kNewCredentials) == LOGON32_LOGON_NEW_CREDENTIALS);
static_assert(static_cast<int>(LogonProvider::kDefault) == LOGON32_PROVIDER_DEFAULT);
static_assert(static_cast<int>(LogonProvider::kWinNt40) == LOGON32_PROVIDER_WINNT40);
static_assert(static_cast<int>(LogonProvider::kWinNt50) == LOGON32_PROVIDER_WINNT50);

// Returns the system's token. The copy of the password has been wiped when this returns.
UniqueHandle LogOn(const Logon& logon) {
  const std::wstring user = win32::ToWide(logon.user);
  const std::wstring domain = win32::ToWide(logon.domain);
  const Secret<wchar_t> password = win32::ToWide(logon.password);
  HANDLE token = nullptr;
  if (!LogonUserW(user.c_str(), logon.domain.empty() ? nullptr : domain.c_str(), password.data(),
                  static_cast<DWORD>(logon.type), static_cast<DWORD>(logon.provider), &token)) {
    win32::ThrowLastError("LogonUserW");
  }
  return UniqueHandle(token);
}

// Throws for a guest token: if Guest is enabled and has no password, Windows logs unknown users on as guest.
void RequireNotGuest(HANDLE token) {
  if (!win32::IsGuest(win32::UserOf(token).get())) return;
  throw win32::Win32Error(ERROR_LOGON_FAILURE, "LogonUserW",
                          "Windows has logged the user on as a guest, without authentication");
}

constexpr char kKerberos[] = "Kerberos";
constexpr char kMsv1_0[] = "MICROSOFT_AUTHENTICATION_PACKAGE_V1_0";

// The system checks the account's logon hours in a logon without a password only if this flag is set.
static_assert(MSV1_0_S4U_LOGON_FLAG_CHECK_LOGONHOURS == 2 && KERB_S4U_LOGON_FLAG_CHECK_LOGONHOURS == 2);

// A request with its texts in one block, as the system copies the block to another process and adjusts only
// pointers into it.
template <typename Logon>
class Block {
 public:
  Block(const std::wstring& first, const std::wstring& second)
      : bytes_(sizeof(Logon) + (first.size() + second.size()) * sizeof(wchar_t)), end_(sizeof(Logon)) {}

  Logon& logon() noexcept { return *reinterpret_cast<Logon*>(bytes_.data()); }

  void Put(UNICODE_STRING& field, const std::wstring& text) {
    const std::size_t size = text.size() * sizeof(wchar_t);
    // A truncated name could be the name of another user.
    if (size > USHRT_MAX) throw win32::Win32Error(ERROR_INVALID_ACCOUNT_NAME, "LsaLogonUser");
    unsigned char* const at = bytes_.data() + end_;
    std::memcpy(at, text.data(), size);
    field.Length = static_cast<USHORT>(size);
    field.MaximumLength = field.Length;
    field.Buffer = size == 0 ? nullptr : reinterpret_cast<wchar_t*>(at);
    end_ += size;
  }

  std::vector<unsigned char> Take() && { return std::move(bytes_); }

 private:
  std::vector<unsigned char> bytes_;
  std::size_t end_;
};

std::vector<unsigned char> LocalRequest(const win32::S4UName& name) {
  Block<MSV1_0_S4U_LOGON> block(name.user(), name.domain());
  block.logon().MessageType = MsV1_0S4ULogon;
  block.logon().Flags = MSV1_0_S4U_LOGON_FLAG_CHECK_LOGONHOURS;
  block.Put(block.logon().UserPrincipalName, name.user());
  block.Put(block.logon().DomainName, name.domain());
  return std::move(block).Take();
}

// The request without a realm, which the UPN contains.
std::vector<unsigned char> KerberosRequest(const std::wstring& upn) {
  Block<KERB_S4U_LOGON> block(upn, L"");
  block.logon().MessageType = KerbS4ULogon;
  block.logon().Flags = KERB_S4U_LOGON_FLAG_CHECK_LOGONHOURS;
  block.Put(block.logon().ClientUpn, upn);
  return std::move(block).Take();
}

void RequireUser(HANDLE token, const win32::Sid& expected) {
  const win32::Sid actual = win32::UserOf(token);
  if (actual == expected) return;
  throw Error("ERR_IMPERSONATION_MISMATCH", "The security authority returned the user " +
                                                win32::SidToString(actual.get()) + " instead of " +
                                                win32::SidToString(expected.get()));
}

UniqueHandle LogOnByKerberos(const win32::S4UName& name, const std::string& text) {
  if (name.domain() == L".") {
    throw win32::InvalidArgument("The argument 'name' has no domain, which the source 'kerberos' requires");
  }
  const win32::S4UName::Principal principal = name.ToPrincipal();
  UniqueHandle token = win32::LsaConnection().LogOn(kKerberos, KerberosRequest(principal.upn), text);
  if (principal.expected) RequireUser(token.get(), *principal.expected);
  return token;
}

// A network logon of the user without a password (LsaLogonUser): MSV1_0_S4U_LOGON for a local user,
// KERB_S4U_LOGON for a domain user, which may wait for a domain controller. Returns an impersonation token;
// the authority chooses its level by the rights of the process.
UniqueHandle LogOnForUser(const std::string& text, UserSource source) {
  const win32::S4UName name(text);
  const bool local = source == UserSource::kAuto ? name.local() : source == UserSource::kLocal;
  return local ? win32::LsaConnection().LogOn(kMsv1_0, LocalRequest(name), text)
               : LogOnByKerberos(name, text);
}

// A copy with our security descriptor, at the token's level.
TokenRef CopyOf(HANDLE token) {
  const bool primary = win32::IsPrimary(token);
  const Level level = primary ? Level::kImpersonation : win32::LevelOf(token);
  return win32::Win32Token::CopyOf(token, level, primary);
}

}  // namespace

TokenRef TokenForLogon(const Logon& logon) {
  const UniqueHandle token = LogOn(logon);
  RequireNotGuest(token.get());
  return CopyOf(token.get());
}

TokenRef TokenForUser(const std::string& name, UserSource source, bool) {
  return CopyOf(LogOnForUser(name, source).get());
}

}  // namespace impersonate::port
