#include "linux/credentials/process_credentials.h"

#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "core/error.h"
#include "linux/errno_error.h"
#include "linux/thread/signals.h"

namespace impersonate::linux_port {
namespace {

// Reads the credentials of the monitor's thread for one caller at a time; the caller waits.
class CredentialsMonitor {
 public:
  Credentials Read() {
    std::unique_lock<std::mutex> lock(mutex_);
    idle_.wait(lock, [this] { return state_ == State::kIdle; });
    state_ = State::kRequested;
    requested_.notify_one();
    done_.wait(lock, [this] { return state_ == State::kDone; });
    Credentials credentials = std::move(credentials_);
    const std::exception_ptr failure = std::exchange(failure_, nullptr);
    state_ = State::kIdle;
    idle_.notify_one();
    if (failure) std::rethrow_exception(failure);
    return credentials;
  }

  [[noreturn]] void Run() {
    std::unique_lock<std::mutex> lock(mutex_);
    while (true) {
      requested_.wait(lock, [this] { return state_ == State::kRequested; });
      try {
        ReadCredentials(credentials_);
      } catch (...) {
        failure_ = std::current_exception();
      }
      state_ = State::kDone;
      done_.notify_one();
    }
  }

 private:
  enum class State { kIdle, kRequested, kDone };

  std::mutex mutex_;
  std::condition_variable idle_, requested_, done_;
  State state_ = State::kIdle;
  Credentials credentials_;
  std::exception_ptr failure_;
};

// One for the process, guarded by its own mutex. Never destroyed: its thread runs until the process ends.
CredentialsMonitor& Monitor() {
  static CredentialsMonitor* const monitor = new CredentialsMonitor;
  return *monitor;
}

// Written with both gates locked exclusively; atomic because it is read with a gate locked shared.
std::atomic<std::uint64_t> changes{0};

}  // namespace

void StartCredentialsMonitor() {
  CredentialsMonitor& monitor = Monitor();
  const SignalsBlocked blocked;
  try {
    std::thread([&monitor] { monitor.Run(); }).detach();
  } catch (const std::system_error& error) {
    throw ErrnoError(error.code().value(), "pthread_create");
  }
}

Credentials ProcessCredentials() { return Monitor().Read(); }

std::shared_mutex& ScopeGate() {
  static std::shared_mutex* const gate = new std::shared_mutex;
  return *gate;
}

std::shared_mutex& ThreadStartGate() {
  static std::shared_mutex* const gate = new std::shared_mutex;
  return *gate;
}

std::uint64_t CredentialChanges() noexcept { return changes.load(std::memory_order_acquire); }

void CountCredentialChange() noexcept { changes.fetch_add(1, std::memory_order_release); }

}  // namespace impersonate::linux_port
