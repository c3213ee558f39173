#include "users.h"

#include <algorithm>
#include <mutex>

#include "call_failed.h"
#include "text.h"

namespace seam {
namespace {

// One for the process, as a logon runs on any thread. Never destroyed: redirected calls are made until the
// process ends.
struct Users {
  std::mutex mutex;
  std::vector<User> list;
};

Users& TheUsers() {
  static Users& users = *new Users;
  return users;
}

std::wstring ComputerName() {
  wchar_t name[MAX_COMPUTERNAME_LENGTH + 1];
  DWORD size = MAX_COMPUTERNAME_LENGTH + 1;
  if (!GetComputerNameW(name, &size)) ThrowLastError("GetComputerNameW");
  return std::wstring(name, size);
}

std::wstring WholeDomain(const std::wstring& domain) {
  return domain.empty() || domain == L"." ? ComputerName() : domain;
}

template <typename Match>
std::optional<User> FindFirst(Match match) {
  Users& users = TheUsers();
  const std::lock_guard<std::mutex> lock(users.mutex);
  const auto found = std::find_if(users.list.begin(), users.list.end(), match);
  return found != users.list.end() ? std::optional<User>(*found) : std::nullopt;
}

std::wstring NewLogonSid() {
  LUID id{};
  if (!AllocateLocallyUniqueId(&id)) ThrowLastError("AllocateLocallyUniqueId");
  return L"S-1-5-5-" + std::to_wstring(static_cast<ULONG>(id.HighPart)) + L"-" + std::to_wstring(id.LowPart);
}

}  // namespace

void DefineUser(const User& user) {
  User whole = user;
  whole.domain = WholeDomain(user.domain);
  Users& users = TheUsers();
  const std::lock_guard<std::mutex> lock(users.mutex);
  const auto same = [&](const User& other) {
    return EqualText(other.name, whole.name) && EqualText(other.domain, whole.domain);
  };
  users.list.erase(std::remove_if(users.list.begin(), users.list.end(), same), users.list.end());
  users.list.push_back(whole);
}

void ForgetUsers() {
  Users& users = TheUsers();
  const std::lock_guard<std::mutex> lock(users.mutex);
  users.list.clear();
}

std::optional<User> FindUser(const std::wstring& name, const std::wstring& domain) {
  const size_t at = domain.empty() ? name.find(L'@') : std::wstring::npos;
  const std::wstring bare = name.substr(0, at);
  const std::wstring whole = WholeDomain(at != std::wstring::npos ? name.substr(at + 1) : domain);
  return FindFirst(
      [&](const User& user) { return EqualText(user.name, bare) && EqualText(user.domain, whole); });
}

std::optional<User> FindUserBySid(const std::wstring& sid) {
  return FindFirst([&](const User& user) { return EqualText(user.sid, sid); });
}

bool IsLocal(const User& user) { return EqualText(user.domain, ComputerName()); }

Handle MakeUserToken(const User& user, const std::wstring& logon_group, TOKEN_TYPE type,
                     SECURITY_IMPERSONATION_LEVEL level) {
  TokenSpec spec;
  spec.user = user.sid;
  spec.groups = UsualGroups(user.groups);
  spec.groups.push_back({logon_group});
  spec.privileges = user.privileges;
  spec.type = type;
  spec.level = level;
  spec.logon_sid = NewLogonSid();
  return MakeToken(spec);
}

}  // namespace seam
