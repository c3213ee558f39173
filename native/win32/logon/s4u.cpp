#include "win32/logon/s4u.h"

#include <windows.h>
// After windows.h.
#include <ntsecapi.h>

#include <climits>
#include <cstring>
#include <vector>

#include "core/error.h"
#include "win32/last_error.h"
#include "win32/logon/lsa.h"
#include "win32/logon/s4u_name.h"
#include "win32/token/token_information.h"

namespace impersonate::win32 {
namespace {

using port::UserSource;

constexpr char kKerberos[] = "Kerberos";
constexpr char kMsv1_0[] = "MICROSOFT_AUTHENTICATION_PACKAGE_V1_0";

// A logon without a password is refused outside the account's hours only where it asks to be.
static_assert(MSV1_0_S4U_LOGON_FLAG_CHECK_LOGONHOURS == 2 && KERB_S4U_LOGON_FLAG_CHECK_LOGONHOURS == 2);

// The system copies the block to another process and puts its pointers right, so all they point to is inside.
template <typename Logon>
class Block {
 public:
  Block(const std::wstring& first, const std::wstring& second)
      : bytes_(sizeof(Logon) + (first.size() + second.size()) * sizeof(wchar_t)), end_(sizeof(Logon)) {}

  Logon& logon() noexcept { return *reinterpret_cast<Logon*>(bytes_.data()); }

  void Put(UNICODE_STRING& field, const std::wstring& text) {
    const std::size_t size = text.size() * sizeof(wchar_t);
    // Cut short it would be another name.
    if (size > USHRT_MAX) throw Win32Error(ERROR_INVALID_ACCOUNT_NAME, "LsaLogonUser");
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

std::vector<unsigned char> LocalRequest(const S4UName& name) {
  Block<MSV1_0_S4U_LOGON> block(name.user(), name.domain());
  block.logon().MessageType = MsV1_0S4ULogon;
  block.logon().Flags = MSV1_0_S4U_LOGON_FLAG_CHECK_LOGONHOURS;
  block.Put(block.logon().UserPrincipalName, name.user());
  block.Put(block.logon().DomainName, name.domain());
  return std::move(block).Take();
}

// Without a realm: the UPN names it.
std::vector<unsigned char> KerberosRequest(const std::wstring& upn) {
  Block<KERB_S4U_LOGON> block(upn, L"");
  block.logon().MessageType = KerbS4ULogon;
  block.logon().Flags = KERB_S4U_LOGON_FLAG_CHECK_LOGONHOURS;
  block.Put(block.logon().ClientUpn, upn);
  return std::move(block).Take();
}

void RequireUser(HANDLE token, const Sid& expected) {
  const Sid actual = UserOf(token);
  if (actual == expected) return;
  throw Error("ERR_IMPERSONATION_MISMATCH", "The security authority answered with the user " +
                                                SidToString(actual.get()) + " instead of " +
                                                SidToString(expected.get()));
}

UniqueHandle LogOnByKerberos(const S4UName& name, const std::string& text) {
  if (name.domain() == L".") {
    throw InvalidArgument("The argument 'name' names no domain, which the source 'kerberos' needs");
  }
  const S4UName::Principal principal = name.ToPrincipal();
  UniqueHandle token = LsaConnection().LogOn(kKerberos, KerberosRequest(principal.upn), text);
  if (principal.expected) RequireUser(token.get(), *principal.expected);
  return token;
}

}  // namespace

UniqueHandle LogOnForUser(const std::string& text, UserSource source) {
  const S4UName name(text);
  const bool local = source == UserSource::kAuto ? name.local() : source == UserSource::kLocal;
  return local ? LsaConnection().LogOn(kMsv1_0, LocalRequest(name), text) : LogOnByKerberos(name, text);
}

}  // namespace impersonate::win32
