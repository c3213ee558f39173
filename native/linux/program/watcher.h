#pragma once

#include <memory>
#include <mutex>
#include <unordered_map>

#include "linux/path/descriptor.h"
#include "linux/program/process.h"

namespace impersonate::linux_port {

// Waits for the end of all programs on one thread of the process, and reaps them.
class ProgramWatcher {
 public:
  // The process's own, whose thread the first call starts. Call it with the process identity. Throws Error.
  static ProgramWatcher& Get();

  ProgramWatcher(const ProgramWatcher&) = delete;
  ProgramWatcher& operator=(const ProgramWatcher&) = delete;

  // Adds a process, which is not watched yet. Throws Error.
  void Add(const std::shared_ptr<ProgramProcess>& process);
  // Removes a process that is not watched.
  void Remove(const ProgramProcess& process) noexcept;
  // Reaps the process when it ends.
  void Watch(const ProgramProcess& process) noexcept;

 private:
  ProgramWatcher();
  [[noreturn]] void Run() noexcept;
  std::shared_ptr<ProgramProcess> Take(const ProgramProcess* process) noexcept;

  const Descriptor epoll_;
  std::mutex mutex_;  // for what follows
  // Those that have not been reaped.
  std::unordered_map<const ProgramProcess*, std::shared_ptr<ProgramProcess>> processes_;
};

}  // namespace impersonate::linux_port
