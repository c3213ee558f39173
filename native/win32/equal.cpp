#include <set>
#include <tuple>
#include <utility>

#include "core/port.h"
#include "win32/sid.h"
#include "win32/token.h"
#include "win32/token_information.h"

namespace impersonate::port {
namespace {

using win32::TokenInformation;
using win32::TokenValue;
using win32::Win32Token;

using SidSet = std::set<std::pair<std::string, DWORD>>;
using PrivilegeSet = std::set<std::tuple<LONG, DWORD, bool>>;

bool SameId(const LUID& a, const LUID& b) { return a.LowPart == b.LowPart && a.HighPart == b.HighPart; }

SidSet SidsOf(HANDLE token, TOKEN_INFORMATION_CLASS what) {
  const TokenInformation<TOKEN_GROUPS> groups(token, what);
  const SID_AND_ATTRIBUTES* const first = groups->Groups;
  SidSet sids;
  for (const SID_AND_ATTRIBUTES* group = first; group != first + groups->GroupCount; ++group) {
    sids.emplace(win32::SidToString(group->Sid), group->Attributes);
  }
  return sids;
}

PrivilegeSet PrivilegesOf(HANDLE token) {
  const TokenInformation<TOKEN_PRIVILEGES> privileges(token, TokenPrivileges);
  const LUID_AND_ATTRIBUTES* const first = privileges->Privileges;
  PrivilegeSet set;
  for (const LUID_AND_ATTRIBUTES* entry = first; entry != first + privileges->PrivilegeCount; ++entry) {
    set.emplace(entry->Luid.HighPart, entry->Luid.LowPart, (entry->Attributes & SE_PRIVILEGE_ENABLED) != 0);
  }
  return set;
}

bool SameUser(HANDLE a, HANDLE b) {
  const TokenInformation<TOKEN_USER> first(a, TokenUser);
  const TokenInformation<TOKEN_USER> second(b, TokenUser);
  // The attributes say whether the user itself is deny-only.
  return EqualSid(first->User.Sid, second->User.Sid) && first->User.Attributes == second->User.Attributes;
}

bool SameIntegrity(HANDLE a, HANDLE b) {
  const TokenInformation<TOKEN_MANDATORY_LABEL> first(a, TokenIntegrityLevel);
  const TokenInformation<TOKEN_MANDATORY_LABEL> second(b, TokenIntegrityLevel);
  return EqualSid(first->Label.Sid, second->Label.Sid) != FALSE;
}

bool SameRestrictions(HANDLE a, HANDLE b) {
  const bool restricted = IsTokenRestricted(a) != FALSE;
  if (restricted != (IsTokenRestricted(b) != FALSE)) return false;
  return !restricted || SidsOf(a, TokenRestrictedSids) == SidsOf(b, TokenRestrictedSids);
}

bool SameAppContainer(HANDLE a, HANDLE b) {
  const bool contained = TokenValue<DWORD>(a, TokenIsAppContainer) != 0;
  if (contained != (TokenValue<DWORD>(b, TokenIsAppContainer) != 0)) return false;
  if (!contained) return true;
  const TokenInformation<TOKEN_APPCONTAINER_INFORMATION> first(a, TokenAppContainerSid);
  const TokenInformation<TOKEN_APPCONTAINER_INFORMATION> second(b, TokenAppContainerSid);
  return EqualSid(first->TokenAppContainer, second->TokenAppContainer) &&
         SidsOf(a, TokenCapabilities) == SidsOf(b, TokenCapabilities);
}

}  // namespace

bool Equal(const Token& a, const Token& b) {
  const HANDLE first = Win32Token::From(a).handle();
  const HANDLE second = Win32Token::From(b).handle();
  const auto of_first = TokenValue<TOKEN_STATISTICS>(first, TokenStatistics);
  const auto of_second = TokenValue<TOKEN_STATISTICS>(second, TokenStatistics);
  if (SameId(of_first.TokenId, of_second.TokenId)) return true;
  // The logon session holds the credentials with which the token goes to other machines.
  return a.level() == b.level() && SameId(of_first.AuthenticationId, of_second.AuthenticationId) &&
         SameUser(first, second) && SidsOf(first, TokenGroups) == SidsOf(second, TokenGroups) &&
         PrivilegesOf(first) == PrivilegesOf(second) && SameRestrictions(first, second) &&
         SameIntegrity(first, second) && SameAppContainer(first, second);
}

}  // namespace impersonate::port
