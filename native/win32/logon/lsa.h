#pragma once

#include <windows.h>
// After windows.h.
#include <ntsecapi.h>

#include <string>
#include <vector>

#include "core/error.h"
#include "win32/handle.h"
#include "win32/thread/current_thread.h"

namespace impersonate::win32 {

// ERR_UNKNOWN_USER, as reported by `syscall`.
Error UnknownUser(const char* syscall, const std::string& user);

// Enables SeTcbPrivilege on the calling thread while this object lives, if the process holds it: on a copy of
// the process's token, so that no other thread gets it. The destructor restores the thread's token, and
// aborts the process if that fails.
class ThreadTcbPrivilege {
 public:
  ThreadTcbPrivilege();

  bool held() const noexcept { return token_ != nullptr; }

 private:
  SavedThreadToken keep_;
  UniqueHandle token_;  // null if the process does not hold it
};

// A connection to the local security authority: a trusted one (LsaRegisterLogonProcess) if the process holds
// SeTcbPrivilege, which the thread has until the connection ends; otherwise an untrusted one
// (LsaConnectUntrusted).
class LsaConnection {
 public:
  LsaConnection();
  ~LsaConnection();
  LsaConnection(const LsaConnection&) = delete;
  LsaConnection& operator=(const LsaConnection&) = delete;

  // A logon of type Network. `request` is the package's structure in one block with everything that it points
  // to. Throws the Win32 error for the authority's statuses, or ERR_UNKNOWN_USER with the name `user`.
  UniqueHandle LogOn(const char* package, std::vector<unsigned char> request, const std::string& user);

 private:
  ULONG FindPackage(const char* name) const;

  ThreadTcbPrivilege tcb_;
  HANDLE connection_ = nullptr;
};

}  // namespace impersonate::win32
