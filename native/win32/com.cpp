#include "core/port/com.h"

#include <windows.h>
// After windows.h.
#include <objbase.h>

#include <iterator>

#include "win32/last_error.h"
#include "win32/system_library.h"
#include "win32/thread/current_thread.h"

namespace impersonate::port {
namespace {

constexpr wchar_t kLibrary[] = L"ole32.dll";

constexpr win32::StatusNames::Name kNames[] = {
    {RPC_E_TOO_LATE, "RPC_E_TOO_LATE"},
    {RPC_E_NO_GOOD_SECURITY_PACKAGES, "RPC_E_NO_GOOD_SECURITY_PACKAGES"},
    {RPC_E_ACCESS_DENIED, "RPC_E_ACCESS_DENIED"},
    {CO_E_NOTINITIALIZED, "CO_E_NOTINITIALIZED"},
    {E_ACCESSDENIED, "E_ACCESSDENIED"},
    {E_INVALIDARG, "E_INVALIDARG"},
    {E_OUTOFMEMORY, "E_OUTOFMEMORY"},
};
constexpr win32::StatusNames kResults{kNames, std::size(kNames), "E_"};

constexpr char kTooLate[] =
    "the security of COM is set once for a process, and it has been set by other code, or by COM itself at "
    "its first call between apartments or processes, without cloaking then. Call initializeComSecurity() "
    "before modules that use COM are loaded, or set cloaking on each proxy (CoSetProxyBlanket)";

void Check(HRESULT result, const char* call) {
  if (SUCCEEDED(result)) return;
  throw win32::StatusError(kResults, result, call, result == RPC_E_TOO_LATE ? kTooLate : "");
}

// Keeps COM initialized in the process, without an apartment of the calling thread: that is for the code that
// uses COM to choose. Kept for good once the security is set, which ends with the last apartment.
class ProcessCom {
 public:
  ProcessCom()
      : decrement_(win32::SystemFunction<decltype(CoDecrementMTAUsage)>(kLibrary, "CoDecrementMTAUsage")) {
    auto* const increment =
        win32::SystemFunction<decltype(CoIncrementMTAUsage)>(kLibrary, "CoIncrementMTAUsage");
    Check(increment(&cookie_), "CoIncrementMTAUsage");
  }
  ~ProcessCom() {
    if (!kept_) decrement_(cookie_);
  }
  ProcessCom(const ProcessCom&) = delete;
  ProcessCom& operator=(const ProcessCom&) = delete;

  void Keep() noexcept { kept_ = true; }

 private:
  decltype(CoDecrementMTAUsage)* decrement_;
  CO_MTA_USAGE_COOKIE cookie_ = nullptr;
  bool kept_ = false;
};

}  // namespace

void InitializeComSecurity(const ComSecurity& security) {
  const win32::AsProcess as_process;
  auto* const initialize =
      win32::SystemFunction<decltype(CoInitializeSecurity)>(kLibrary, "CoInitializeSecurity");
  ProcessCom com;
  const DWORD cloaking = security.dynamic_cloaking ? EOAC_DYNAMIC_CLOAKING : EOAC_STATIC_CLOAKING;
  Check(initialize(nullptr, -1, nullptr, nullptr, security.authentication, security.level, nullptr, cloaking,
                   nullptr),
        "CoInitializeSecurity");
  com.Keep();
}

}  // namespace impersonate::port
