#pragma once

#include <windows.h>

#include "win32/handle.h"

namespace impersonate::win32 {

// The token on the calling thread, null if there is none. The right to open it is the process's, or the
// thread's own where the process has none.
UniqueHandle OpenCurrentThreadToken(DWORD access);

// Puts an impersonation token (with TOKEN_IMPERSONATE) on the calling thread, or none for null. The handle
// has to stay open for as long as the token is there. When it throws, the thread is as it was.
void SetCurrentThreadToken(HANDLE token);

// The same, where a thread gets back what it had: the process aborts if that fails. `lasting` is a handle of
// that token which lives for as long as the token is on the thread, if there is one.
void RestoreCurrentThreadToken(HANDLE token, HANDLE lasting = nullptr) noexcept;

// Gives the calling thread back, when it goes, the token that it had at the start.
class SavedThreadToken {
 public:
  SavedThreadToken();
  ~SavedThreadToken() { RestoreCurrentThreadToken(token_.get(), handle_); }
  SavedThreadToken(const SavedThreadToken&) = delete;
  SavedThreadToken& operator=(const SavedThreadToken&) = delete;

 private:
  UniqueHandle token_;
  HANDLE handle_;
};

// Makes the calling thread act as the process for as long as it lives.
class AsProcess {
 public:
  AsProcess() { SetCurrentThreadToken(nullptr); }

 private:
  SavedThreadToken keep_;
};

}  // namespace impersonate::win32
