#include <atomic>
#include <cstdint>
#include <mutex>
#include <shared_mutex>

#include "core/error.h"
#include "core/port.h"
#include "linux/credentials/scope_gate.h"

namespace impersonate {

std::shared_mutex& linux_port::ScopeGate() {
  static std::shared_mutex* const gate = new std::shared_mutex;
  return *gate;
}

std::shared_mutex& linux_port::ThreadStartGate() {
  static std::shared_mutex* const gate = new std::shared_mutex;
  return *gate;
}

namespace {

// Written by whoever has the gate alone; atomic for those who read it with the gate shared.
std::atomic<std::uint64_t> changes{0};

}  // namespace

std::uint64_t linux_port::CredentialChanges() noexcept { return changes.load(std::memory_order_acquire); }

namespace port {

CredentialChange::CredentialChange() {
  std::unique_lock<std::shared_mutex> starts(linux_port::ThreadStartGate());
  if (!linux_port::ScopeGate().try_lock()) {
    throw Error("ERR_SCOPE_ACTIVE",
                "The process's credentials cannot change while a thread is inside an impersonation scope");
  }
  static_cast<void>(starts.release());
}

CredentialChange::~CredentialChange() {
  changes.fetch_add(1, std::memory_order_release);
  linux_port::ScopeGate().unlock();
  linux_port::ThreadStartGate().unlock();
}

}  // namespace port
}  // namespace impersonate
