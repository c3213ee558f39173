#include <vector>

#include "core/port.h"
#include "win32/last_error.h"
#include "win32/privilege.h"
#include "win32/sid.h"
#include "win32/token.h"

namespace impersonate::port {
namespace {

using win32::Sid;
using win32::Win32Token;

std::vector<Sid> ParseSids(const std::vector<std::string>& texts) {
  std::vector<Sid> sids;
  for (const std::string& text : texts) sids.push_back(Sid::Parse(text));
  return sids;
}

std::vector<SID_AND_ATTRIBUTES> ToDisable(const std::vector<Sid>& sids) {
  std::vector<SID_AND_ATTRIBUTES> entries;
  for (const Sid& sid : sids) entries.push_back({sid.get(), 0});
  return entries;
}

std::vector<LUID_AND_ATTRIBUTES> ToDelete(const std::vector<std::string>& names) {
  std::vector<LUID_AND_ATTRIBUTES> entries;
  for (const std::string& name : names) entries.push_back({win32::PrivilegeByName(name), 0});
  return entries;
}

void RefuseGroupRemoval(const Restrictions& restrictions) {
  if (!restrictions.drop_all_groups && restrictions.drop_groups.empty()) return;
  throw Error("ERR_FEATURE_UNAVAILABLE_ON_PLATFORM",
              "Windows cannot take a group out of a token: make it deny-only instead");
}

}  // namespace

// A SID or privilege that the token does not have is passed over, as Windows does.
TokenRef Restrict(const Token& token, const Restrictions& restrictions) {
  RefuseGroupRemoval(restrictions);
  const std::vector<Sid> sids = ParseSids(restrictions.deny_only);
  std::vector<SID_AND_ATTRIBUTES> disable = ToDisable(sids);
  std::vector<LUID_AND_ATTRIBUTES> remove = ToDelete(restrictions.remove_privileges);
  HANDLE restricted = nullptr;
  if (!CreateRestrictedToken(Win32Token::From(token).handle(), 0, static_cast<DWORD>(disable.size()),
                             disable.data(), static_cast<DWORD>(remove.size()), remove.data(), 0, nullptr,
                             &restricted)) {
    win32::ThrowLastError("CreateRestrictedToken");
  }
  const win32::UniqueHandle owned(restricted);
  // The restricted token has the security descriptor that the calling thread gives; the copy has ours.
  return Win32Token::CopyOf(owned.get(), token.level(), false);
}

}  // namespace impersonate::port
