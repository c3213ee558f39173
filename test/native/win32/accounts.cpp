#include "accounts.h"

// After windows.h.
#include <aclapi.h>
#include <lm.h>
#include <userenv.h>

#include <memory>

#include "call_failed.h"
#include "security_text.h"

namespace seam {
namespace {

struct NetBufferFreer {
  void operator()(void* memory) const noexcept { NetApiBufferFree(memory); }
};

void CheckNet(const char* call, NET_API_STATUS status) {
  if (status != NERR_Success) throw CallFailed(call, status);
}

// The name of a group is in the language of the system.
std::wstring NameOfUsers(PSID sid) {
  wchar_t name[GNLEN + 1];
  wchar_t domain[DNLEN + 1];
  DWORD name_size = GNLEN + 1;
  DWORD domain_size = DNLEN + 1;
  SID_NAME_USE use{};
  if (!LookupAccountSidW(nullptr, sid, name, &name_size, domain, &domain_size, &use)) {
    ThrowLastError("LookupAccountSidW");
  }
  return name;
}

void AddToUsers(const std::wstring& sid) {
  const std::wstring group = NameOfUsers(ParseSid(L"S-1-5-32-545").get());
  const Sid user = ParseSid(sid);
  LOCALGROUP_MEMBERS_INFO_0 member{user.get()};
  CheckNet("NetLocalGroupAddMembers",
           NetLocalGroupAddMembers(nullptr, group.c_str(), 0, reinterpret_cast<BYTE*>(&member), 1));
}

constexpr DWORD kFlags = UF_SCRIPT | UF_NORMAL_ACCOUNT | UF_DONT_EXPIRE_PASSWD;

}  // namespace

std::optional<Account> FindAccount(const std::wstring& name) {
  BYTE* memory = nullptr;
  const NET_API_STATUS status = NetUserGetInfo(nullptr, name.c_str(), 23, &memory);
  const std::unique_ptr<BYTE, NetBufferFreer> owned(memory);
  if (status == NERR_UserNotFound) return std::nullopt;
  CheckNet("NetUserGetInfo", status);
  const auto& info = *reinterpret_cast<USER_INFO_23*>(memory);
  return Account{SidText(info.usri23_user_sid), info.usri23_comment != nullptr ? info.usri23_comment : L""};
}

void CreateAccount(std::wstring name, std::wstring comment, Secret& password) {
  USER_INFO_1 info{};
  info.usri1_name = name.data();
  info.usri1_password = password.text();
  info.usri1_priv = USER_PRIV_USER;
  info.usri1_comment = comment.data();
  info.usri1_flags = kFlags;
  CheckNet("NetUserAdd", NetUserAdd(nullptr, 1, reinterpret_cast<BYTE*>(&info), nullptr));
  const std::optional<Account> made = FindAccount(name);
  if (!made) throw CallFailed("NetUserGetInfo", NERR_UserNotFound);
  AddToUsers(made->sid);
}

void SetAccountDisabled(const std::wstring& name, bool disabled) {
  USER_INFO_1008 info{disabled ? kFlags | UF_ACCOUNTDISABLE : kFlags};
  CheckNet("NetUserSetInfo",
           NetUserSetInfo(nullptr, name.c_str(), 1008, reinterpret_cast<BYTE*>(&info), nullptr));
}

void DeleteAccount(const std::wstring& name) { CheckNet("NetUserDel", NetUserDel(nullptr, name.c_str())); }

bool DeleteProfileOf(const std::wstring& sid) {
  if (DeleteProfileW(sid.c_str(), nullptr, nullptr)) return true;
  const DWORD error = GetLastError();
  if (error == ERROR_FILE_NOT_FOUND || error == ERROR_PATH_NOT_FOUND) return false;
  throw CallFailed("DeleteProfileW", error);
}

void SetFileAccess(std::wstring path, const std::wstring& sddl) {
  const Descriptor descriptor = ParseSddl(sddl);
  BOOL present = FALSE;
  BOOL defaulted = FALSE;
  PACL dacl = nullptr;
  if (!GetSecurityDescriptorDacl(descriptor.get(), &present, &dacl, &defaulted)) {
    ThrowLastError("GetSecurityDescriptorDacl");
  }
  const DWORD error = SetNamedSecurityInfoW(path.data(), SE_FILE_OBJECT,
                                            DACL_SECURITY_INFORMATION | PROTECTED_DACL_SECURITY_INFORMATION,
                                            nullptr, nullptr, dacl, nullptr);
  if (error != ERROR_SUCCESS) throw CallFailed("SetNamedSecurityInfoW", error);
}

}  // namespace seam
