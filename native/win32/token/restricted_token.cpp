#include "win32/token/restricted_token.h"

#include <string>
#include <vector>

#include "core/error.h"
#include "win32/last_error.h"
#include "win32/sid.h"
#include "win32/token/privilege.h"

namespace impersonate::win32 {
namespace {

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
  throw InvalidArgument("'" + name + "' is not a flag of a restricted token");
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
  for (const std::string& name : names) entries.push_back({PrivilegeByName(name), 0});
  return entries;
}

void RequireNoGroupRemoval(const Restrictions& restrictions) {
  if (!restrictions.drop_all_groups && restrictions.drop_groups.empty()) return;
  throw Error("ERR_FEATURE_UNAVAILABLE_ON_PLATFORM",
              "Windows cannot remove a group from a token: make it deny-only instead");
}

// Ignores a SID or privilege that the token does not have, as Windows does.
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
    ThrowLastError("CreateRestrictedToken");
  }
  return UniqueHandle(restricted);
}

struct IntegrityLevel {
  const char* name;
  DWORD rid;
};

constexpr IntegrityLevel kLevels[] = {
    {"untrusted", SECURITY_MANDATORY_UNTRUSTED_RID}, {"low", SECURITY_MANDATORY_LOW_RID},
    {"medium", SECURITY_MANDATORY_MEDIUM_RID},       {"high", SECURITY_MANDATORY_HIGH_RID},
    {"system", SECURITY_MANDATORY_SYSTEM_RID},
};

Sid IntegritySid(const std::string& name) {
  for (const IntegrityLevel& level : kLevels) {
    if (name == level.name) return Sid::Parse("S-1-16-" + std::to_string(level.rid));
  }
  throw InvalidArgument("'" + name + "' is not an integrity level");
}

// Sets the token's integrity level (TOKEN_ADJUST_DEFAULT) by name. The system denies a higher level than the
// token has. Throws ERR_INVALID_ARG_VALUE if there is no such level.
void SetIntegrity(HANDLE token, const std::string& name) {
  const Sid sid = IntegritySid(name);
  TOKEN_MANDATORY_LABEL label{{sid.get(), SE_GROUP_INTEGRITY}};
  if (!SetTokenInformation(token, TokenIntegrityLevel, &label,
                           static_cast<DWORD>(sizeof label) + sid.size())) {
    ThrowLastError("SetTokenInformation");
  }
}

}  // namespace

UniqueHandle AdjustableCopy(HANDLE source, Level level, DWORD access) {
  HANDLE copy = nullptr;
  if (!DuplicateTokenEx(source, TOKEN_QUERY | TOKEN_DUPLICATE | access, nullptr,
                        static_cast<SECURITY_IMPERSONATION_LEVEL>(level), TokenImpersonation, &copy)) {
    ThrowLastError("DuplicateTokenEx");
  }
  return UniqueHandle(copy);
}

UniqueHandle RestrictedCopy(HANDLE source, Level level, const Restrictions& restrictions) {
  RequireNoGroupRemoval(restrictions);
  UniqueHandle restricted = MakeRestricted(source, restrictions);
  if (restrictions.integrity.empty()) return restricted;
  UniqueHandle lowered = AdjustableCopy(restricted.get(), level, TOKEN_ADJUST_DEFAULT);
  SetIntegrity(lowered.get(), restrictions.integrity);
  return lowered;
}

}  // namespace impersonate::win32
