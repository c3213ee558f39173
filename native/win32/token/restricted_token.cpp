#include <vector>

#include "core/port.h"
#include "win32/last_error.h"
#include "win32/sid.h"
#include "win32/thread/current_thread.h"
#include "win32/token/adjustable_copy.h"
#include "win32/token/integrity.h"
#include "win32/token/privilege.h"
#include "win32/token/win32_token.h"

namespace impersonate::port {
namespace {

using win32::Sid;
using win32::UniqueHandle;
using win32::Win32Token;

struct Flag {
  const char* name;
  DWORD value;
};

constexpr Flag kFlags[] = {
    {"disableMaxPrivilege", DISABLE_MAX_PRIVILEGE},
    {"sandboxInert", SANDBOX_INERT},
    {"luaToken", LUA_TOKEN},
    {"writeRestricted", WRITE_RESTRICTED},
};

DWORD ToFlag(const std::string& name) {
  for (const Flag& flag : kFlags) {
    if (name == flag.name) return flag.value;
  }
  throw win32::InvalidArgument("'" + name + "' is not a flag of a restricted token");
}

DWORD ToFlags(const std::vector<std::string>& names) {
  DWORD flags = 0;
  for (const std::string& name : names) flags |= ToFlag(name);
  return flags;
}

std::vector<Sid> ParseSids(const std::vector<std::string>& texts) {
  std::vector<Sid> sids;
  for (const std::string& text : texts) sids.push_back(Sid::Parse(text));
  return sids;
}

std::vector<SID_AND_ATTRIBUTES> ToEntries(const std::vector<Sid>& sids) {
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

// A SID or privilege that the token does not have is passed over, as Windows does.
UniqueHandle MakeRestricted(HANDLE source, const Restrictions& restrictions) {
  const std::vector<Sid> deny_only = ParseSids(restrictions.deny_only);
  const std::vector<Sid> restricting = ParseSids(restrictions.restricting);
  std::vector<SID_AND_ATTRIBUTES> disable = ToEntries(deny_only);
  std::vector<SID_AND_ATTRIBUTES> restrict_to = ToEntries(restricting);
  std::vector<LUID_AND_ATTRIBUTES> remove = ToDelete(restrictions.remove_privileges);
  HANDLE restricted = nullptr;
  if (!CreateRestrictedToken(source, ToFlags(restrictions.flags), static_cast<DWORD>(disable.size()),
                             disable.data(), static_cast<DWORD>(remove.size()), remove.data(),
                             static_cast<DWORD>(restrict_to.size()), restrict_to.data(), &restricted)) {
    win32::ThrowLastError("CreateRestrictedToken");
  }
  return UniqueHandle(restricted);
}

}  // namespace

TokenRef Restrict(const Token& token, const Restrictions& restrictions) {
  RefuseGroupRemoval(restrictions);
  // Of the tokens on the way only the last has a security descriptor of ours: the others are to have the
  // process's default. Names of SIDs may be the system's to look up.
  const win32::AsProcess as_process;
  const Level level = token.level();
  const UniqueHandle restricted = MakeRestricted(Win32Token::From(token).handle(), restrictions);
  if (restrictions.integrity.empty()) return Win32Token::CopyOf(restricted.get(), level, false);
  const UniqueHandle lowered = win32::AdjustableCopy(restricted.get(), level, TOKEN_ADJUST_DEFAULT);
  win32::SetIntegrity(lowered.get(), restrictions.integrity);
  return Win32Token::CopyOf(lowered.get(), level, false);
}

}  // namespace impersonate::port
