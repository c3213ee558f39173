#include "test_token.h"

#include <winternl.h>

#include <algorithm>
#include <cstddef>

#include "call_failed.h"
#include "nt_function.h"
#include "security_text.h"

namespace seam {
namespace {

using CreateTokenFunction = NTSTATUS(NTAPI*)(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES, TOKEN_TYPE, PLUID,
                                             PLARGE_INTEGER, PTOKEN_USER, PTOKEN_GROUPS, PTOKEN_PRIVILEGES,
                                             PTOKEN_OWNER, PTOKEN_PRIMARY_GROUP, PTOKEN_DEFAULT_DACL,
                                             PTOKEN_SOURCE);

// TOKEN_GROUPS and the identifiers it points to.
class GroupList {
 public:
  explicit GroupList(const TokenSpec& spec) {
    std::vector<Group> groups = spec.groups;
    // The kernel requires a primary group: without any other it is the null SID, not enabled.
    if (groups.empty()) groups.push_back({L"S-1-0-0", 0});
    if (!spec.logon_sid.empty()) groups.push_back({spec.logon_sid, kEnabledGroup | SE_GROUP_LOGON_ID});
    memory_.resize(offsetof(TOKEN_GROUPS, Groups) + sizeof(SID_AND_ATTRIBUTES) * groups.size());
    get()->GroupCount = static_cast<DWORD>(groups.size());
    for (size_t i = 0; i < groups.size(); ++i) {
      sids_.push_back(ParseSid(groups[i].sid));
      get()->Groups[i] = {sids_.back().get(), groups[i].attributes};
    }
  }

  TOKEN_GROUPS* get() { return reinterpret_cast<TOKEN_GROUPS*>(memory_.data()); }
  PSID first() const { return sids_.front().get(); }

 private:
  std::vector<BYTE> memory_;
  std::vector<Sid> sids_;
};

std::vector<BYTE> PrivilegeList(const std::vector<std::wstring>& names) {
  const size_t count = std::max<size_t>(names.size(), 1);
  std::vector<BYTE> memory(offsetof(TOKEN_PRIVILEGES, Privileges) + sizeof(LUID_AND_ATTRIBUTES) * count);
  auto* const list = reinterpret_cast<TOKEN_PRIVILEGES*>(memory.data());
  list->PrivilegeCount = static_cast<DWORD>(names.size());
  for (size_t i = 0; i < names.size(); ++i) {
    LUID luid{};
    if (!LookupPrivilegeValueW(nullptr, names[i].c_str(), &luid)) ThrowLastError("LookupPrivilegeValueW");
    list->Privileges[i].Luid = luid;
    list->Privileges[i].Attributes = SE_PRIVILEGE_ENABLED | SE_PRIVILEGE_ENABLED_BY_DEFAULT;
  }
  return memory;
}

TOKEN_DEFAULT_DACL DefaultDacl(const Descriptor& descriptor) {
  BOOL present = FALSE;
  BOOL defaulted = FALSE;
  TOKEN_DEFAULT_DACL dacl{};
  if (!GetSecurityDescriptorDacl(descriptor.get(), &present, &dacl.DefaultDacl, &defaulted)) {
    ThrowLastError("GetSecurityDescriptorDacl");
  }
  return dacl;
}

}  // namespace

Handle MakeToken(const TokenSpec& spec) {
  static const auto create_token = FindNt<CreateTokenFunction>("NtCreateToken");
  const Sid user_sid = ParseSid(spec.user);
  const Descriptor descriptor = ParseSddl(L"D:(A;;GA;;;" + spec.user + L")(A;;GA;;;SY)(A;;GA;;;BA)");
  GroupList groups(spec);
  std::vector<BYTE> privileges = PrivilegeList(spec.privileges);

  TOKEN_USER user{{user_sid.get(), 0}};
  TOKEN_OWNER owner{user_sid.get()};
  TOKEN_PRIMARY_GROUP primary_group{groups.first()};
  TOKEN_DEFAULT_DACL dacl = DefaultDacl(descriptor);
  TOKEN_SOURCE source{{'s', 'e', 'a', 'm'}, {}};
  LUID logon{};
  if (!AllocateLocallyUniqueId(&logon)) ThrowLastError("AllocateLocallyUniqueId");
  LARGE_INTEGER never{};
  never.QuadPart = MAXLONGLONG;
  SECURITY_QUALITY_OF_SERVICE quality{sizeof quality, spec.level, SECURITY_STATIC_TRACKING, FALSE};
  OBJECT_ATTRIBUTES attributes{};
  attributes.Length = sizeof attributes;
  attributes.SecurityQualityOfService = &quality;

  HANDLE token = nullptr;
  const NTSTATUS status = create_token(
      &token, TOKEN_ALL_ACCESS, &attributes, spec.type, &logon, &never, &user, groups.get(),
      reinterpret_cast<TOKEN_PRIVILEGES*>(privileges.data()), &owner, &primary_group, &dacl, &source);
  CheckStatus("NtCreateToken", status);
  return Handle(token);
}

std::vector<Group> UsualGroups(const std::vector<Group>& more) {
  std::vector<Group> groups{{L"S-1-1-0"}, {L"S-1-5-32-545"}, {L"S-1-5-11"}};
  groups.insert(groups.end(), more.begin(), more.end());
  return groups;
}

}  // namespace seam
