#include "authority.h"

#include "call_log.h"
#include "identity.h"
#include "users.h"

namespace seam {

std::vector<Substitute> AuthoritySubstitutes() {
  std::vector<Substitute> all;
  for (const auto& some :
       {LogonSubstitutes(), LsaSubstitutes(), SspiSubstitutes(), InitiateSubstitutes(), PeerSubstitutes(),
        AccountSubstitutes(), SpawnSubstitutes(), RestrictSubstitutes()}) {
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

Outstanding CountOutstanding() {
  Outstanding outstanding{};
  CountLsa(outstanding);
  CountSspi(outstanding);
  return outstanding;
}

DWORD CheckPassword(const User& user, std::wstring_view password) {
  return user.password == password ? user.error : ERROR_LOGON_FAILURE;
}

void RecordAuthorityCall(const char* function, const std::wstring& account, DWORD error) {
  AuthorityCalls().Add(function, account, ReadIdentity(), error);
}

}  // namespace seam
