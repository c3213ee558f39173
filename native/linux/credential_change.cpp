#include <atomic>
#include <cstdint>

#include "core/error.h"
#include "core/port.h"
#include "linux/scope_gate.h"

namespace impersonate {

std::shared_mutex& linux_port::ScopeGate() {
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
  if (!linux_port::ScopeGate().try_lock()) {
    throw Error("ERR_SCOPE_ACTIVE",
                "The process's credentials cannot change while a thread is inside an impersonation scope");
  }
}

CredentialChange::~CredentialChange() {
  changes.fetch_add(1, std::memory_order_release);
  linux_port::ScopeGate().unlock();
}

}  // namespace port
}  // namespace impersonate
