#pragma once

#include <windows.h>

#include "win32/handle.h"

namespace impersonate::win32 {

// The token on the calling thread, null if there is none. The right to open it is the process's, and the
// thread's own where the process has none.
UniqueHandle OpenCurrentThreadToken(DWORD access);

// Puts an impersonation token (with TOKEN_IMPERSONATE) on the calling thread, or none for null. When it
// throws, the thread is as it was.
void SetCurrentThreadToken(HANDLE token);

// The same, where a thread gets back what it had: the process aborts if that fails.
void GiveBackCurrentThreadToken(HANDLE token) noexcept;

// Gives the calling thread back, when it goes, the token that it had at the start.
class KeepThreadToken {
 public:
  KeepThreadToken() : token_(OpenCurrentThreadToken(TOKEN_IMPERSONATE)) {}
  ~KeepThreadToken() { GiveBackCurrentThreadToken(token_.get()); }
  KeepThreadToken(const KeepThreadToken&) = delete;
  KeepThreadToken& operator=(const KeepThreadToken&) = delete;

 private:
  UniqueHandle token_;
};

// Makes the calling thread act as the process for as long as it lives.
class AsProcess {
 public:
  AsProcess() { SetCurrentThreadToken(nullptr); }

 private:
  KeepThreadToken keep_;
};

}  // namespace impersonate::win32
