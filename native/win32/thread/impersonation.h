#pragma once

#include "win32/thread/current_thread.h"
#include "win32/token/win32_token.h"

namespace impersonate::win32 {

// Reads the calling thread's token back after `token` was put on it. Throws ERR_IMPERSONATION_DOWNGRADED if
// the level is not the token's own, and ERR_IMPERSONATION_MISMATCH if the user is not; changes nothing.
void VerifyCurrentThread(const Win32Token& token);

// Makes the calling thread act as the token's user while this object lives, at any level: for calls that only
// need to know whose credentials they use. The destructor aborts the process if the thread's identity cannot
// be restored.
class Impersonation {
 public:
  // If it throws, the thread is as it was.
  explicit Impersonation(const Win32Token& token);

 private:
  SavedThreadToken keep_;
};

}  // namespace impersonate::win32
