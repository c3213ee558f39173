#include "logon_gate.h"

#include <condition_variable>
#include <mutex>
#include <set>

namespace seam {
namespace {

// One for the process. Never destroyed: a logon may wait until the process ends.
struct Gate {
  std::mutex mutex;
  std::condition_variable released;
  std::set<std::wstring> held;
  size_t waiting = 0;
};

Gate& TheGate() {
  static Gate& gate = *new Gate;
  return gate;
}

}  // namespace

void HoldLogons(const std::wstring& account) {
  Gate& gate = TheGate();
  const std::lock_guard<std::mutex> lock(gate.mutex);
  gate.held.insert(account);
}

void ReleaseLogons() {
  Gate& gate = TheGate();
  const std::lock_guard<std::mutex> lock(gate.mutex);
  gate.held.clear();
  gate.released.notify_all();
}

size_t CountHeldLogons() {
  Gate& gate = TheGate();
  const std::lock_guard<std::mutex> lock(gate.mutex);
  return gate.waiting;
}

void PassLogonGate(const std::wstring& account) {
  Gate& gate = TheGate();
  std::unique_lock<std::mutex> lock(gate.mutex);
  ++gate.waiting;
  gate.released.wait(lock, [&] { return gate.held.count(account) == 0; });
  --gate.waiting;
}

}  // namespace seam
