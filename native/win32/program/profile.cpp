#include "core/port/profile.h"

#include <windows.h>
// After windows.h.
#include <shlobj.h>
#include <userenv.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/port/token.h"
#include "core/scope_stack.h"
#include "win32/last_error.h"
#include "win32/program/program_error.h"
#include "win32/system_library.h"
#include "win32/text.h"
#include "win32/thread/current_thread.h"
#include "win32/token/win32_token.h"

namespace impersonate::port {
namespace {

using win32::Win32Token;

struct Folder {
  const char* name;
  GUID id;
};

// Those of a user, by the names of the FOLDERID_ constants.
constexpr Folder kFolders[] = {
    {"Profile", {0x5E6C858F, 0x0E22, 0x4760, {0x9A, 0xFE, 0xEA, 0x33, 0x17, 0xB6, 0x71, 0x73}}},
    {"Desktop", {0xB4BFCC3A, 0xDB2C, 0x424C, {0xB0, 0x29, 0x7F, 0xE9, 0x9A, 0x87, 0xC6, 0x41}}},
    {"Documents", {0xFDD39AD0, 0x238F, 0x46AF, {0xAD, 0xB4, 0x6C, 0x85, 0x48, 0x03, 0x69, 0xC7}}},
    {"Downloads", {0x374DE290, 0x123F, 0x4565, {0x91, 0x64, 0x39, 0xC4, 0x92, 0x5E, 0x46, 0x7B}}},
    {"Music", {0x4BD8D571, 0x6D19, 0x48D3, {0xBE, 0x97, 0x42, 0x22, 0x20, 0x08, 0x0E, 0x43}}},
    {"Pictures", {0x33E28130, 0x4E1E, 0x4676, {0x83, 0x5A, 0x98, 0x39, 0x5C, 0x3B, 0xC3, 0xBB}}},
    {"Videos", {0x18989B1D, 0x99B5, 0x455B, {0x84, 0x1C, 0xAB, 0x7C, 0x74, 0xE4, 0xDD, 0xFC}}},
    {"LocalAppData", {0xF1B32785, 0x6FBA, 0x4FCF, {0x9D, 0x55, 0x7B, 0x8E, 0x7F, 0x15, 0x70, 0x91}}},
    {"LocalAppDataLow", {0xA520A1A4, 0x1780, 0x4FF6, {0xBD, 0x18, 0x16, 0x73, 0x43, 0xC5, 0xAF, 0x16}}},
    {"RoamingAppData", {0x3EB685DB, 0x65F9, 0x4CF6, {0xA0, 0x3A, 0xE3, 0xEF, 0x65, 0x72, 0x9F, 0x3D}}},
    {"Programs", {0xA77F5D77, 0x2E2B, 0x44C3, {0xA6, 0xA2, 0xAB, 0xA6, 0x01, 0x05, 0x4A, 0x51}}},
    {"StartMenu", {0x625B53C3, 0xAB48, 0x4EC1, {0xBA, 0x1F, 0xA1, 0xEF, 0x41, 0x46, 0xFC, 0x19}}},
    {"Startup", {0xB97D20BB, 0xF46A, 0x4C97, {0xBA, 0x10, 0x5E, 0x36, 0x08, 0x43, 0x08, 0x54}}},
    {"SendTo", {0x8983036C, 0x27C0, 0x404B, {0x8F, 0x08, 0x10, 0x2D, 0x10, 0xDC, 0xFD, 0x74}}},
    {"Templates", {0xA63293E8, 0x664E, 0x48DB, {0xA0, 0x79, 0xDF, 0x75, 0x9E, 0x05, 0x09, 0xF7}}},
};

const Folder& FolderOf(const std::string& name) {
  for (const Folder& folder : kFolders) {
    if (name == folder.name) return folder;
  }
  throw win32::InvalidArgument("'" + name + "' is not a known folder of a user");
}

class LoadedProfile final : public Profile {
 public:
  explicit LoadedProfile(TokenRef token)
      : token_(std::move(token)),
        able_(WithPrivileges(*ProcessToken(), {"SeBackupPrivilege", "SeRestorePrivilege"})),
        unload_(win32::SystemFunction<decltype(UnloadUserProfile)>(L"userenv.dll", "UnloadUserProfile")) {
    auto* const load = win32::SystemFunction<decltype(LoadUserProfileW)>(L"userenv.dll", "LoadUserProfileW");
    const std::optional<Account> account = LookupAccount({PrincipalKind::kUser, token_->user()});
    if (!account)
      throw Error("ERR_UNKNOWN_USER", "The user " + token_->user() + " has no account, and so no profile");
    std::wstring name = win32::ToWide(account->name);
    PROFILEINFOW information{};
    information.dwSize = sizeof information;
    information.dwFlags = PI_NOUI;
    information.lpUserName = name.data();
    const TokenScope with_privileges(able_);
    if (!load(handle(), &information)) win32::ThrowLastError("LoadUserProfileW");
    hive_ = information.hProfile;
  }

  ~LoadedProfile() override {
    try {
      const win32::AsProcess as_process;
      const TokenScope with_privileges(able_);
      unload_(handle(), hive_);
    } catch (const Error&) {
      // It stays loaded until the computer restarts.
    }
  }

 private:
  HANDLE handle() const noexcept { return Win32Token::From(*token_).handle(); }

  TokenRef token_;
  // The process with the privileges that both calls need. Kept, so that little can fail when it is unloaded.
  TokenRef able_;
  decltype(&UnloadUserProfile) unload_;
  HANDLE hive_ = nullptr;
};

}  // namespace

std::unique_ptr<Profile> LoadProfile(const TokenRef& token) {
  RequireLevelForWork(*token);
  const win32::AsProcess as_process;
  return std::make_unique<LoadedProfile>(token);
}

std::string KnownFolder(const Token& token, const std::string& name) {
  const Folder& folder = FolderOf(name);
  const win32::AsProcess as_process;
  auto* const find =
      win32::SystemFunction<decltype(SHGetKnownFolderPath)>(L"shell32.dll", "SHGetKnownFolderPath");
  auto* const release = win32::SystemFunction<decltype(CoTaskMemFree)>(L"ole32.dll", "CoTaskMemFree");
  wchar_t* path = nullptr;
  const HRESULT result = find(folder.id, KF_FLAG_DONT_VERIFY, Win32Token::From(token).handle(), &path);
  // Allocated also if the call fails.
  const std::unique_ptr<wchar_t, decltype(release)> owned(path, release);
  if (FAILED(result)) {
    const DWORD error = HRESULT_FACILITY(result) == FACILITY_WIN32 ? static_cast<DWORD>(HRESULT_CODE(result))
                                                                   : ERROR_GEN_FAILURE;
    throw win32::ProgramError(error, "SHGetKnownFolderPath", "the user's profile may not be loaded");
  }
  return win32::ToUtf8(path);
}

}  // namespace impersonate::port
