#include "linux/program/watcher.h"

#include <sys/epoll.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <utility>

#include "core/port/thread.h"
#include "linux/errno_error.h"

namespace impersonate::linux_port {

ProgramWatcher::ProgramWatcher() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  if (epoll_.get() < 0) throw ErrnoError(errno, "epoll_create1");
  port::StartThread([this] { Run(); }).detach();
}

// One for the process, as its processes belong to all environments. Never destroyed: its thread runs until
// the process ends. The next call retries after a failure.
ProgramWatcher& ProgramWatcher::Get() {
  static std::mutex mutex;
  static ProgramWatcher* watcher = nullptr;
  const std::lock_guard<std::mutex> lock(mutex);
  if (!watcher) watcher = new ProgramWatcher;
  return *watcher;
}

void ProgramWatcher::Add(const std::shared_ptr<ProgramProcess>& process) {
  const std::lock_guard<std::mutex> lock(mutex_);
  processes_.emplace(process.get(), process);
  epoll_event none{};
  none.data.ptr = process.get();
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, process->descriptor(), &none) == 0) return;
  const int error = errno;
  processes_.erase(process.get());
  throw ErrnoError(error, "epoll_ctl");
}

void ProgramWatcher::Remove(const ProgramProcess& process) noexcept { Take(&process); }

void ProgramWatcher::Watch(const ProgramProcess& process) noexcept {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = processes_.find(&process);
  if (found == processes_.end()) return;
  epoll_event ended{};
  ended.events = EPOLLIN;
  ended.data.ptr = found->second.get();
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, process.descriptor(), &ended);
}

void ProgramWatcher::Run() noexcept {
  std::array<epoll_event, 64> events{};
  while (true) {
    const int count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < count; ++i) {
      const auto* const ended =
          static_cast<const ProgramProcess*>(events[static_cast<std::size_t>(i)].data.ptr);
      const std::shared_ptr<ProgramProcess> process = Take(ended);
      if (process) process->Reap();
    }
  }
}

std::shared_ptr<ProgramProcess> ProgramWatcher::Take(const ProgramProcess* process) noexcept {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = processes_.find(process);
  if (found == processes_.end()) return nullptr;
  std::shared_ptr<ProgramProcess> taken = std::move(found->second);
  processes_.erase(found);
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, taken->descriptor(), nullptr);
  return taken;
}

}  // namespace impersonate::linux_port
