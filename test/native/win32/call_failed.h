#pragma once

#include <windows.h>

#include <stdexcept>
#include <string>

namespace seam {

// A system call that failed: its name and its Win32 error or NTSTATUS.
class CallFailed : public std::runtime_error {
 public:
  CallFailed(const std::string& call, DWORD code);

  const std::string& call() const noexcept { return call_; }
  DWORD code() const noexcept { return code_; }

 private:
  std::string call_;
  DWORD code_;
};

// Throws the calling thread's last error: there must be no call between the failed call and this one.
[[noreturn]] void ThrowLastError(const char* call);

// Runs `work`, which returns a Win32 error, as the body of a BOOL function that C code calls: the error
// becomes the last error, and no exception leaves the function.
template <typename Work>
BOOL ReturnWin32Bool(Work work) noexcept {
  DWORD error = ERROR_INTERNAL_ERROR;
  try {
    error = work();
  } catch (const CallFailed& failure) {
    error = failure.code();
  } catch (const std::exception&) {
    error = ERROR_INTERNAL_ERROR;
  }
  if (error == ERROR_SUCCESS) return TRUE;
  SetLastError(error);
  return FALSE;
}

}  // namespace seam
