#pragma once

#include <windows.h>

#include "win32/handle.h"
#include "win32/sid.h"

namespace impersonate::win32 {

// The process identity. The token is opened once, as the process, and kept open: a later open would be
// checked for the user that the calling thread impersonates, and the token of a process does not change.
class ProcessIdentity {
 public:
  // Never destroyed: threads may outlive static destruction.
  static const ProcessIdentity& Get();

  // The process's primary token, with TOKEN_QUERY and TOKEN_DUPLICATE.
  HANDLE token() const noexcept { return token_.get(); }
  const Sid& user() const noexcept { return user_; }

 private:
  ProcessIdentity();

  UniqueHandle token_;
  Sid user_;
};

}  // namespace impersonate::win32
