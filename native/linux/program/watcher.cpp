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
  const int descriptor = process->descriptor();
  const std::lock_guard<std::mutex> lock(mutex_);
  processes_.emplace(descriptor, process);
  epoll_event none{};
  none.data.fd = descriptor;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, descriptor, &none) == 0) return;
  const int error = errno;
  processes_.erase(descriptor);
  throw ErrnoError(error, "epoll_ctl");
}

void ProgramWatcher::Remove(const ProgramProcess& process) noexcept { Take(process.descriptor()); }

void ProgramWatcher::Watch(const ProgramProcess& process) noexcept {
  const int descriptor = process.descriptor();
  const std::lock_guard<std::mutex> lock(mutex_);
  if (processes_.count(descriptor) == 0) return;
  epoll_event ended{};
  ended.events = EPOLLIN;
  ended.data.fd = descriptor;
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, descriptor, &ended);
}

void ProgramWatcher::Run() noexcept {
  std::array<epoll_event, 64> events{};
  while (true) {
    const int count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < count; ++i) {
      const std::shared_ptr<ProgramProcess> ended = Take(events[static_cast<std::size_t>(i)].data.fd);
      if (ended) ended->Reap();
    }
  }
}

std::shared_ptr<ProgramProcess> ProgramWatcher::Take(int descriptor) noexcept {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = processes_.find(descriptor);
  if (found == processes_.end()) return nullptr;
  const std::shared_ptr<ProgramProcess> process = std::move(found->second);
  processes_.erase(found);
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, descriptor, nullptr);
  return process;
}

}  // namespace impersonate::linux_port
