#pragma once

#include <windows.h>

#include "win32/handle.h"
#include "win32/sid.h"

namespace impersonate::win32 {

// Who the process is. Opened once, as the process, and kept: opening it later would be decided by whomever
// the calling thread impersonates, and a process keeps its token for life.
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
