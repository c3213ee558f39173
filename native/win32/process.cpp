#include "core/port/process.h"

#include <windows.h>

#include <psapi.h>

#include <atomic>
#include <cstddef>
#include <string>
#include <vector>

#include "win32/last_error.h"
#include "win32/process_identity.h"
#include "win32/text.h"
#include "win32/token/privilege_removal.h"

namespace {

// Read by other copies of the addon, on any thread.
std::atomic<const char*> serving{nullptr};

}  // namespace

extern "C" __declspec(dllexport) const char* impersonate_serving_copy() noexcept;
extern "C" const char* impersonate_serving_copy() noexcept { return serving.load(); }

namespace impersonate::port {
namespace {

std::string PathOf(HMODULE module) {
  std::wstring path(MAX_PATH, L'\0');
  while (true) {
    const DWORD length = GetModuleFileNameW(module, path.data(), static_cast<DWORD>(path.size()));
    if (length == 0) win32::ThrowLastError("GetModuleFileNameW");
    if (length < path.size()) {
      path.resize(length);
      return win32::ToUtf8(path);
    }
    path.resize(path.size() * 2);
  }
}

// Also pins the module in memory, even if this copy does not serve the process: thread-local scope stacks run
// code of the module when their thread ends, which can be after the host has released the module.
HMODULE OwnModule() {
  HMODULE module = nullptr;
  if (!GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_PIN | GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS,
                          reinterpret_cast<const wchar_t*>(&impersonate_serving_copy), &module)) {
    win32::ThrowLastError("GetModuleHandleExW");
  }
  return module;
}

// Never destroyed: other copies may read it at any time.
const std::string& PinnedPath() {
  static const std::string* const path = new std::string(PathOf(OwnModule()));
  return *path;
}

std::vector<HMODULE> LoadedModules() {
  std::vector<HMODULE> modules(256);
  while (true) {
    const auto size = static_cast<DWORD>(modules.size() * sizeof(HMODULE));
    DWORD needed = 0;
    if (!EnumProcessModules(GetCurrentProcess(), modules.data(), size, &needed)) {
      win32::ThrowLastError("EnumProcessModules");
    }
    modules.resize(needed / sizeof(HMODULE));
    if (needed <= size) return modules;
  }
}

// The path that a module returns if it is another copy that serves the process; null otherwise.
const char* ServedBy(HMODULE module) {
  const auto found =
      reinterpret_cast<ServingCopy>(reinterpret_cast<void*>(GetProcAddress(module, kServingCopy)));
  return found && found != &impersonate_serving_copy ? found() : nullptr;
}

}  // namespace

const char* Name() noexcept { return "win32"; }

std::string OwnPath() { return PinnedPath(); }

bool IsSecureExecution() noexcept { return false; }

void ClaimProcess() {
  // Set first, so that at least one of two copies that load at the same time finds the other.
  serving = PinnedPath().c_str();
  for (const HMODULE module : LoadedModules()) {
    if (const char* other = ServedBy(module)) {
      serving = nullptr;
      throw SecondCopyError(OwnPath(), other);
    }
  }
}

void Init(unsigned) { win32::ProcessIdentity::Get(); }

// The token of a Windows process does not change.
CredentialChange::CredentialChange() = default;
CredentialChange::~CredentialChange() = default;

void DropPrivileges(const std::vector<std::string>& keep) { win32::RemovePrivilegesBut(keep); }

}  // namespace impersonate::port
