#include "call_failed.h"

namespace seam {

CallFailed::CallFailed(const std::string& call, DWORD code)
    : std::runtime_error(call + ": " + std::to_string(code)), call_(call), code_(code) {}

void ThrowLastError(const char* call) {
  const DWORD error = GetLastError();
  throw CallFailed(call, error);
}

}  // namespace seam
