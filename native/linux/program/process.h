#pragma once

#include <sys/types.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>

#include "core/port/program.h"
#include "core/token.h"
#include "linux/path/descriptor.h"
#include "linux/program/child.h"

namespace impersonate::linux_port {

// Memory for the stack of a process that shares this process's memory.
class ChildStack {
 public:
  // Throws Error.
  ChildStack();
  ~ChildStack();
  ChildStack(const ChildStack&) = delete;
  ChildStack& operator=(const ChildStack&) = delete;

  void* top() const noexcept;

 private:
  void* lowest_;
};

// Why a process has not executed its program.
struct ChildFailure {
  ChildStep step = ChildStep::kNone;
  int error = 0;
};

// The process of a program, for which no other code waits: its id is not used again until Reap. Shared by the
// program's object and the watcher's thread.
class ProgramProcess {
 public:
  // Creates the process and returns when it has executed the program. Null, with the reason in `failure`, if
  // it has not: the process has ended then, or has been killed and is given to the watcher. Throws Error if
  // no process can be created.
  static std::shared_ptr<ProgramProcess> Start(TokenRef token, std::unique_ptr<ChildPlan> plan,
                                               ChildFailure& failure);

  int pid() const noexcept { return pid_; }
  // Until Reap.
  int descriptor() const noexcept { return descriptor_.get(); }

  // Sends the signal as the token's user, to all of its process group if `group` is set. Returns 0 or an
  // errno.
  int Kill(int signal, bool group) noexcept;

  // Sets the function that Reap calls; null for none. Waits for a call of the previous one. Calls it at once
  // if the process has been reaped.
  void OnEnd(std::function<void(port::ProgramExit)> on_end);

  // Waits for the end of the process and frees its id.
  void Reap() noexcept;

 private:
  ProgramProcess(TokenRef token, std::unique_ptr<ChildPlan> plan);
  // Returns a descriptor that is at its end when the process has executed the program or has ended.
  Descriptor Create();
  // Returns ETIMEDOUT or ECANCELED if the process does not come to execute the program.
  int WaitForProgram(int report) const noexcept;
  bool IsStopped() const noexcept;
  void KillBeforeProgram() noexcept;

  const TokenRef token_;
  int pid_ = -1;
  Descriptor descriptor_{-1};
  // Used by the process until it has executed the program or has ended.
  std::unique_ptr<ChildPlan> plan_;
  std::unique_ptr<ChildStack> stack_;
  std::mutex mutex_;  // for what follows
  bool reaped_ = false;
  port::ProgramExit exit_;
  std::function<void(port::ProgramExit)> on_end_;
};

}  // namespace impersonate::linux_port
