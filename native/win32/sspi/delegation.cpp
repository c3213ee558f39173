#include <windows.h>
// After windows.h.
#include <ntsecapi.h>

#include <memory>
#include <optional>

#include "core/error.h"
#include "core/port/initiate.h"
#include "win32/sid.h"
#include "win32/thread/current_thread.h"
#include "win32/token/token_information.h"
#include "win32/token/win32_token.h"

namespace impersonate::port {
namespace {

struct ReturnBufferFree {
  void operator()(void* buffer) const noexcept { LsaFreeReturnBuffer(buffer); }
};

// The type of the token's logon. None if the authority does not report it: it does so to administrators, and
// to the user of the logon session.
std::optional<SECURITY_LOGON_TYPE> LogonTypeOf(HANDLE token) {
  LUID session = win32::TokenValue<TOKEN_STATISTICS>(token, TokenStatistics).AuthenticationId;
  const win32::AsProcess as_process;
  SECURITY_LOGON_SESSION_DATA* data = nullptr;
  if (LsaGetLogonSessionData(&session, &data) < 0 || data == nullptr) return std::nullopt;
  const std::unique_ptr<SECURITY_LOGON_SESSION_DATA, ReturnBufferFree> owned(data);
  return static_cast<SECURITY_LOGON_TYPE>(data->LogonType);
}

// Groups that show how the user was authenticated.
constexpr const char* kNetwork = "S-1-5-2";
// The directory has named the user to a service, without the user's proof (S4U2Self).
constexpr const char* kServiceAsserted = "S-1-18-2";
constexpr const char* kByNtlm = "S-1-5-64-10";
constexpr const char* kByCertificate = "S-1-5-64-14";
constexpr const char* kByDigest = "S-1-5-64-21";

// Groups that are only used for denying count, too.
class Groups {
 public:
  explicit Groups(HANDLE token) : groups_(token, TokenGroups) {}

  bool Has(const char* text) const {
    const win32::Sid sid = win32::Sid::Parse(text);
    for (DWORD i = 0; i < groups_->GroupCount; ++i) {
      if (EqualSid(groups_->Groups[i].Sid, sid.get())) return true;
    }
    return false;
  }

 private:
  win32::TokenInformation<TOKEN_GROUPS> groups_;
};

}  // namespace

Delegation DelegationOf(const Token& token) {
  const HANDLE handle = win32::Win32Token::From(token).handle();
  if (!win32::IsAuthenticated(handle)) return Delegation::kNone;
  if (token.level() == Level::kDelegation) return Delegation::kForwarded;
  const Groups groups(handle);
  // A logon of another type than Network keeps the user's password or ticket. NetworkCleartext does, too, but
  // has the same group.
  if (!groups.Has(kNetwork)) return Delegation::kForwarded;
  if (LogonTypeOf(handle).value_or(Network) != Network) return Delegation::kForwarded;
  // Windows requests a ticket by the user's name itself if the client was not authenticated by Kerberos.
  for (const char* const group : {kServiceAsserted, kByNtlm, kByCertificate, kByDigest}) {
    if (groups.Has(group)) return Delegation::kTransition;
  }
  return Delegation::kConstrained;
}

TokenRef WithCredential(const Token&, std::shared_ptr<DelegatedCredential>) {
  throw Error("ERR_FEATURE_UNAVAILABLE_ON_PLATFORM",
              "On Windows the logon session of a token has its credentials");
}

}  // namespace impersonate::port
