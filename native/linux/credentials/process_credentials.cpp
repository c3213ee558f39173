#include "linux/credentials/process_credentials.h"

#include <csignal>

#include <condition_variable>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "core/error.h"
#include "linux/errno_error.h"

namespace impersonate::linux_port {
namespace {

// Answers one question at a time; the asker waits.
class Witness {
 public:
  Credentials Ask() {
    std::unique_lock<std::mutex> lock(mutex_);
    idle_.wait(lock, [this] { return state_ == State::kIdle; });
    state_ = State::kAsked;
    asked_.notify_one();
    answered_.wait(lock, [this] { return state_ == State::kAnswered; });
    Credentials answer = std::move(answer_);
    const std::exception_ptr failure = std::exchange(failure_, nullptr);
    state_ = State::kIdle;
    idle_.notify_one();
    if (failure) std::rethrow_exception(failure);
    return answer;
  }

  [[noreturn]] void Serve() {
    std::unique_lock<std::mutex> lock(mutex_);
    while (true) {
      asked_.wait(lock, [this] { return state_ == State::kAsked; });
      try {
        ReadCredentials(answer_);
      } catch (...) {
        failure_ = std::current_exception();
      }
      state_ = State::kAnswered;
      answered_.notify_one();
    }
  }

 private:
  enum class State { kIdle, kAsked, kAnswered };

  std::mutex mutex_;
  std::condition_variable idle_, asked_, answered_;
  State state_ = State::kIdle;
  Credentials answer_;
  std::exception_ptr failure_;
};

// One for the process, guarded by its own mutex. Never destroyed: its thread runs until the process ends.
Witness& TheWitness() {
  static Witness* const witness = new Witness;
  return *witness;
}

// A new thread has its creator's signal mask; the process's signals are for threads that handle them.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_;
};

}  // namespace

void StartProcessWitness() {
  Witness& witness = TheWitness();
  const SignalsBlocked blocked;
  try {
    std::thread([&witness] { witness.Serve(); }).detach();
  } catch (const std::system_error& error) {
    throw ErrnoError(error.code().value(), "pthread_create");
  }
}

Credentials ProcessCredentials() { return TheWitness().Ask(); }

}  // namespace impersonate::linux_port
