#include "core/port/thread.h"

#include <sys/prctl.h>

#include <cerrno>
#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <shared_mutex>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include "core/error.h"
#include "linux/credentials/credentials.h"
#include "linux/credentials/process_credentials.h"
#include "linux/credentials/system_calls.h"
#include "linux/errno_error.h"
#include "linux/thread/signals.h"
#include "linux/thread/switch.h"
#include "linux/token/linux_token.h"

namespace impersonate::port {
namespace {

using linux_port::CapabilityRestore;
using linux_port::Credentials;
using linux_port::LinuxToken;

// The credentials of one thread outside of every scope: read in full once, then checked by
// HasFileCredentials. Used on that thread, with the ScopeGate() locked, so that they do not change meanwhile.
class CachedCredentials {
 public:
  // Whether they have been read and are still the thread's: the process's credentials, and with them the
  // thread's, have not been changed since, and no other code has given the thread another identity.
  bool AreValid() const noexcept {
    return changes_ == linux_port::CredentialChanges() && linux_port::HasFileCredentials(credentials_);
  }

  // Reads the calling thread's credentials. If it throws Error, they are not valid.
  void Read() {
    changes_.reset();
    linux_port::ReadCredentials(credentials_);
    changes_ = linux_port::CredentialChanges();
  }

  const Credentials& get() const noexcept { return credentials_; }

 private:
  Credentials credentials_;
  // The number of CredentialChanges() when they were read; none if they were not.
  std::optional<std::uint64_t> changes_;
};

struct ThreadEnd {
  ~ThreadEnd() {
    if (at_end) at_end(data);
  }
  void (*at_end)(void*) = nullptr;
  void* data = nullptr;
};

}  // namespace

void InitThread() {
  const std::shared_lock<std::shared_mutex> gate(linux_port::ThreadStartGate());
  Credentials thread;
  linux_port::ReadCredentials(thread);
  const Credentials process = linux_port::ProcessCredentials();
  if (thread == process) return;
  // The thread was started while its creator was impersonating.
  if (const char* failed = linux_port::WriteCredentials(process)) throw linux_port::ErrnoError(errno, failed);
  linux_port::ReadCredentials(thread);
  if (thread != process) {
    throw Error("ERR_IMPERSONATION_MISMATCH",
                "This thread was started with a user's identity and cannot get the process identity");
  }
}

void AtThreadEnd(void (*at_end)(void* data), void* data) {
  thread_local ThreadEnd end;
  end.at_end = at_end;
  end.data = data;
}

struct Captured {
  CachedCredentials credentials;
  CapabilityRestore restore = CapabilityRestore::kByCapset;
  // Prevents a change of the process's credentials while the thread is inside a scope.
  std::shared_lock<std::shared_mutex> gate{linux_port::ScopeGate(), std::defer_lock};
};

void CapturedDelete::operator()(Captured* captured) const noexcept { delete captured; }

CapturedPtr NewCaptured() { return CapturedPtr(new Captured); }

void Capture(Captured& captured) {
  captured.gate.lock();
  if (!captured.credentials.AreValid()) captured.credentials.Read();
}

void RestoreTemporarily(Captured& captured) noexcept {
  linux_port::SwitchBack(captured.credentials.get(), captured.restore);
}

void Restore(Captured& captured) noexcept {
  RestoreTemporarily(captured);
  Forget(captured);
}

void Forget(Captured& captured) noexcept {
  if (captured.gate.owns_lock()) captured.gate.unlock();
}

namespace {

void SwitchTo(Captured& captured, const Token& token) {
  captured.restore = linux_port::SwitchTo(captured.credentials.get(), LinuxToken::From(token));
}

void Reenter(Captured& captured, const Token& token) noexcept {
  try {
    SwitchTo(captured, token);
  } catch (const std::exception& error) {
    Abort(std::string("cannot restore the identity of the enclosing scope: ") + error.what());
  }
}

// A switch from one user to another needs the right to switch, which the captured identity has. If one call
// restores that right, the captured identity is not restored: the switch sets everything else.
void SwitchFrom(const Token* current, Captured& captured, const Token& token) {
  const Credentials& base = captured.credentials.get();
  if (current && linux_port::CanSwitchBetween(base, captured.restore)) {
    captured.restore = linux_port::SwitchBetween(base, LinuxToken::From(token));
    return;
  }
  if (current) RestoreTemporarily(captured);
  SwitchTo(captured, token);
}

}  // namespace

void Apply(Captured& captured, const Token* current, const Token& token) {
  try {
    SwitchFrom(current, captured, token);
  } catch (...) {
    if (current) Reenter(captured, *current);
    throw;
  }
}

namespace {

// Gives the calling thread the process's credentials and returns them. Valid cached credentials are the
// process's, as a change of the process's credentials changes this thread, too. Otherwise they are read by
// the credentials monitor.
const Credentials& RevertToProcess() {
  thread_local CachedCredentials cached;
  if (cached.AreValid()) return cached.get();
  const Credentials process = linux_port::ProcessCredentials();
  cached.Read();
  if (cached.get() != process) {
    linux_port::SwitchBack(process);
    cached.Read();
  }
  if (cached.get() != process) {
    Abort("a pool thread cannot be reverted to the process identity");
  }
  return cached.get();
}

}  // namespace

std::thread StartThread(std::function<void()> run) {
  const linux_port::SignalsBlocked blocked;
  try {
    return std::thread([run = std::move(run)] {
      prctl(PR_SET_NAME, "impersonate");
      run();
    });
  } catch (const std::system_error& error) {
    throw linux_port::ErrnoError(error.code().value(), "pthread_create");
  }
}

struct UserThread::State {
  TokenRef token;
  // Prevents a change of the process's credentials while the thread is a user.
  std::shared_lock<std::shared_mutex> gate{linux_port::ScopeGate(), std::defer_lock};
  const Credentials* base = nullptr;
  CapabilityRestore restore = CapabilityRestore::kByCapset;
  std::uint64_t changes = 0;

  // The thread has the process identity.
  void BecomeFirst(const LinuxToken& user) {
    gate.lock();
    try {
      base = &RevertToProcess();
      changes = linux_port::CredentialChanges();
      restore = linux_port::SwitchTo(*base, user);
    } catch (...) {
      gate.unlock();
      throw;
    }
  }

  void BecomeNext(const LinuxToken& user) {
    // If it throws, the thread has the process identity.
    token = nullptr;
    try {
      restore = linux_port::SwitchBetween(*base, user);
    } catch (...) {
      gate.unlock();
      throw;
    }
  }
};

UserThread::UserThread() noexcept : state_(new State) {
  try {
    InitThread();
  } catch (const Error& error) {
    Abort(std::string("a new thread cannot be given the process identity: ") + error.what());
  }
}

UserThread::~UserThread() { Revert(); }

const Token* UserThread::token() const noexcept { return state_->token.get(); }

void UserThread::Become(const TokenRef& token) {
  State& now = *state_;
  if (now.token == token) return;
  const LinuxToken& user = LinuxToken::From(*token);
  if (now.token && linux_port::CanSwitchBetween(*now.base, now.restore)) {
    now.BecomeNext(user);
  } else {
    Revert();
    now.BecomeFirst(user);
  }
  now.token = token;
}

void UserThread::Check() const noexcept {
  const State& now = *state_;
  if (!now.token) return;
  const linux_port::Identity& user = LinuxToken::From(*now.token).identity();
  if (linux_port::raw::GetEuid() == user.uid && linux_port::raw::GetEgid() == user.gid &&
      linux_port::CredentialChanges() == now.changes) {
    return;
  }
  Abort("a thread that stayed a user has another identity");
}

void UserThread::Revert() noexcept {
  State& now = *state_;
  if (!now.token) return;
  linux_port::SwitchBack(*now.base, now.restore);
  now.token = nullptr;
  now.gate.unlock();
}

// The kernel has no call for it.
void UserThread::CancelCall() const noexcept {}

}  // namespace impersonate::port
