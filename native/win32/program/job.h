#pragma once

#include <windows.h>

#include "win32/handle.h"

namespace impersonate::win32 {

// The job of a program, and of what it starts.
class Job {
 public:
  // `tied`: all of it ends with this process. `breakaway`: the programs that it starts may leave it.
  Job(bool tied, bool breakaway);

  HANDLE get() const noexcept { return job_.get(); }
  // Ends all of it, with exit code 1.
  bool Terminate() noexcept;
  // What is left of it goes on, and is not tied to this process. For a program that has ended.
  void Release() noexcept;
  // Keeps the handle until this process ends.
  void Abandon() noexcept { static_cast<void>(job_.release()); }

 private:
  UniqueHandle job_;
};

}  // namespace impersonate::win32
