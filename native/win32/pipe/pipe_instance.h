#pragma once

#include <windows.h>

#include <string>

#include "win32/handle.h"
#include "win32/pipe/pipe_security.h"

namespace impersonate::win32 {

// A manual-reset event, initially not set.
UniqueHandle NewEvent();

// One instance of a pipe: waits for one client.
class PipeInstance {
 public:
  // `first` fails with ERROR_ACCESS_DENIED if any process has a pipe of that name.
  PipeInstance(const std::wstring& path, const PipeSecurity& security, bool first);
  // Cancels the wait. The system does not use this object after that.
  ~PipeInstance();
  PipeInstance(const PipeInstance&) = delete;
  PipeInstance& operator=(const PipeInstance&) = delete;

  // Set when the wait ends; owned by this object.
  HANDLE event() const noexcept { return event_.get(); }
  // Called after the wait: returns the connected pipe, opened for overlapped use; null if the client has
  // disconnected already.
  UniqueHandle Take();

 private:
  void Wait();

  UniqueHandle event_;
  UniqueHandle pipe_;
  OVERLAPPED overlapped_{};
  bool pending_ = false;
  bool connected_ = false;
};

}  // namespace impersonate::win32
