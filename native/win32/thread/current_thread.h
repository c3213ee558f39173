#pragma once

#include <windows.h>

#include "win32/handle.h"

namespace impersonate::win32 {

// The token on the calling thread, null if there is none. Opened with the rights of the process, or with the
// thread's own if the process has none.
UniqueHandle OpenCurrentThreadToken(DWORD access);

// Puts an impersonation token (with TOKEN_IMPERSONATE) on the calling thread, or none for null. The handle
// has to stay open for as long as the token is there. When it throws, the thread is as it was.
void SetCurrentThreadToken(HANDLE token);

// Restores a token that the thread had before: the process aborts if that fails. `lasting` is a handle of
// that token, if there is one, that is open for as long as the token is on the thread.
void RestoreCurrentThreadToken(HANDLE token, HANDLE lasting = nullptr) noexcept;

// Restores, in its destructor, the token that the calling thread had when it was created.
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

// Makes the calling thread act as the process while this object lives.
class AsProcess {
 public:
  AsProcess() { SetCurrentThreadToken(nullptr); }

 private:
  SavedThreadToken keep_;
};

}  // namespace impersonate::win32
