#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <utility>

#include "core/port.h"
#include "linux/credentials.h"
#include "linux/process_identity.h"
#include "linux/scope_gate.h"
#include "linux/switch.h"
#include "linux/token.h"

namespace impersonate {
namespace {

using linux_port::Credentials;
using CredentialsRef = std::shared_ptr<const Credentials>;

// What the witness said last, so that it need not be asked for every job.
class KnownProcess {
 public:
  CredentialsRef Get() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return credentials_;
  }

  CredentialsRef Ask() {
    auto credentials = std::make_shared<const Credentials>(linux_port::ProcessCredentials());
    const std::lock_guard<std::mutex> lock(mutex_);
    credentials_ = credentials;
    return credentials;
  }

 private:
  std::mutex mutex_;
  CredentialsRef credentials_;
};

// One for the process, guarded by its own mutex. Never destroyed: pool threads may outlive static
// destruction.
KnownProcess& TheProcess() {
  static KnownProcess* const process = new KnownProcess;
  return *process;
}

// The process's credentials, which the calling thread has when this returns. What is known is right if the
// thread has it: a change of the process's credentials changes this thread, too, and a switch of the thread
// changes nothing but the thread. Where they differ the witness decides.
CredentialsRef ComeToProcess() {
  Credentials thread;
  linux_port::ReadCredentials(thread);
  CredentialsRef process = TheProcess().Get();
  if (process && thread == *process) return process;
  process = TheProcess().Ask();
  if (thread != *process) linux_port::SwitchBack(*process);
  return process;
}

linux_port::RealUid RealUidHere() {
  static const bool mapped = linux_port::IsReservedUidMapped();
  return mapped ? linux_port::RealUid::kReserved : linux_port::RealUid::kUsers;
}

}  // namespace

struct port::JobScope::State {
  // Keeps the process's own credentials as they are while the thread acts as somebody else.
  std::shared_lock<std::shared_mutex> gate{linux_port::ScopeGate()};
  CredentialsRef base = ComeToProcess();
};

port::JobScope::JobScope(const Token& token) : state_(new State) {
  linux_port::SwitchTo(*state_->base, linux_port::LinuxToken::From(token), RealUidHere());
}

port::JobScope::~JobScope() { linux_port::SwitchBack(*state_->base); }

}  // namespace impersonate
