#pragma once

#include <windows.h>

#include "win32/handle.h"

namespace impersonate::win32 {

// Opens the token on the calling thread; null if there is none. The access check uses the rights of the
// process, or the thread's own if the process has no access.
UniqueHandle OpenCurrentThreadToken(DWORD access);

// Whether the calling thread has the token, or a token with the same id; false also if that cannot be read.
bool IsOnCurrentThread(HANDLE token) noexcept;

// Puts an impersonation token (with TOKEN_IMPERSONATE) on the calling thread; null removes the thread's
// token. The handle must stay open while the token is on the thread. If it throws, the thread has not
// changed.
void SetCurrentThreadToken(HANDLE token);

// Restores a token that the thread had before; aborts the process if that fails. `lasting` is a handle of
// that token that stays open while the token is on the thread, if there is one.
void RestoreCurrentThreadToken(HANDLE token, HANDLE lasting = nullptr) noexcept;

// Restores, in its destructor, the token that the calling thread had in the constructor.
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
