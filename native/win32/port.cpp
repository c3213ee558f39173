#include "core/port.h"

#include "win32/last_error.h"
#include "win32/process_identity.h"

namespace impersonate::port {
namespace {

// Thread-local scope stacks run code of this module when their thread ends, which can be after the last
// environment that loaded it is gone and the host has let go of it.
void PinModule() {
  HMODULE module = nullptr;
  if (!GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_PIN | GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS,
                          reinterpret_cast<const wchar_t*>(&PinModule), &module)) {
    win32::ThrowLastError("GetModuleHandleExW");
  }
}

}  // namespace

const char* Name() noexcept { return "win32"; }

bool IsSecureExecution() noexcept { return false; }

void Init(unsigned) {
  PinModule();
  win32::ProcessIdentity::Get();
}

// A new thread inherits no token.
void InitThread() {}

// A Windows process keeps its token for life.
CredentialChange::CredentialChange() = default;
CredentialChange::~CredentialChange() = default;

}  // namespace impersonate::port
