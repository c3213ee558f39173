#include <shared_mutex>

#include "core/fatal.h"
#include "core/port.h"
#include "linux/credentials/credentials.h"
#include "linux/credentials/process_credentials.h"
#include "linux/credentials/scope_gate.h"
#include "linux/thread/known_credentials.h"
#include "linux/thread/switch.h"
#include "linux/token/linux_token.h"

namespace impersonate {
namespace {

using linux_port::Credentials;

// The process's credentials, which the calling thread has when this returns. What is known is right if the
// thread still has it: a change of the process's credentials changes this thread, too, and a switch of the
// thread changes nothing but the thread. Else the witness decides.
const Credentials& ComeToProcess() {
  thread_local linux_port::KnownCredentials known;
  if (known.AreStillRight()) return known.get();
  const Credentials process = linux_port::ProcessCredentials();
  known.Read();
  if (known.get() != process) {
    linux_port::SwitchBack(process);
    known.Read();
  }
  if (known.get() != process) {
    Abort("a pool thread does not become the process again");
  }
  return known.get();
}

}  // namespace

struct port::JobScope::State {
  // Keeps the process's own credentials as they are while the thread acts as somebody else.
  std::shared_lock<std::shared_mutex> gate{linux_port::ScopeGate()};
  const Credentials& base = ComeToProcess();
  linux_port::CapabilitiesBy capabilities = linux_port::CapabilitiesBy::kUs;
};

port::JobScope::JobScope(const Token& token) : state_(new State) {
  state_->capabilities = linux_port::SwitchTo(state_->base, linux_port::LinuxToken::From(token));
}

port::JobScope::~JobScope() { linux_port::SwitchBack(state_->base, state_->capabilities); }

}  // namespace impersonate
