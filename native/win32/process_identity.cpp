#include "win32/process_identity.h"

#include "win32/last_error.h"
#include "win32/thread/current_thread.h"
#include "win32/token/token_information.h"

namespace impersonate::win32 {
namespace {

UniqueHandle OpenOwnProcessToken() {
  const AsProcess as_process;
  HANDLE token = nullptr;
  if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY | TOKEN_DUPLICATE, &token)) {
    ThrowLastError("OpenProcessToken");
  }
  return UniqueHandle(token);
}

}  // namespace

const ProcessIdentity& ProcessIdentity::Get() {
  static const ProcessIdentity* const identity = new ProcessIdentity;
  return *identity;
}

ProcessIdentity::ProcessIdentity() : token_(OpenOwnProcessToken()), user_(UserOf(token_.get())) {}

}  // namespace impersonate::win32
