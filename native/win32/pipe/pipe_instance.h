#pragma once

#include <windows.h>

#include <string>

#include "win32/handle.h"
#include "win32/pipe/pipe_security.h"

namespace impersonate::win32 {

// An event that stays set once it is set; not set yet.
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

  // Set once the wait is over; stays this object's.
  HANDLE event() const noexcept { return event_.get(); }
  // Once it is over: the connected pipe, opened for overlapped use; null if the client has left already.
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
