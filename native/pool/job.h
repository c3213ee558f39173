#pragma once

#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "core/error.h"
#include "core/token.h"

namespace impersonate::pool {

class Job;
class Outbox;
struct User;

// A list, so that moving a job allocates no memory.
using Jobs = std::list<std::unique_ptr<Job>>;

// A piece of native work that a user thread runs as the token.
class Job {
 public:
  Job(TokenRef token, std::shared_ptr<Outbox> outbox)
      : token_(std::move(token)), outbox_(std::move(outbox)) {}
  virtual ~Job() = default;
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;

  // On a user thread, under the token.
  virtual void Run() noexcept = 0;

  const TokenRef& token() const noexcept { return token_; }
  const std::shared_ptr<Outbox>& outbox() const noexcept { return outbox_; }

  // The reason if the thread could not act as the token; the job has not run then.
  std::optional<Error> failure;

 private:
  friend class UserThreads;

  const TokenRef token_;
  const std::shared_ptr<Outbox> outbox_;
  // The user in whose queue the job waits, and its place there. Guarded by the mutex of UserThreads.
  User* queue_ = nullptr;
  Jobs::iterator place_;
};

// The completed jobs of one environment.
class Outbox {
 public:
  // `wake` is called on the thread that puts a job into an empty outbox.
  explicit Outbox(std::function<void()> wake) : wake_(std::move(wake)) {}

  // Takes jobs that have run, or destroys them if the outbox is closed. On any thread.
  void Put(Jobs done) noexcept {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (!open_) return;
      const bool woken = !done_.empty();
      done_.splice(done_.end(), done);
      if (woken) return;
    }
    wake_();
  }

  // Removes and returns the completed jobs, in the order of their completion.
  Jobs Take() noexcept {
    Jobs done;
    const std::lock_guard<std::mutex> lock(mutex_);
    done.swap(done_);
    return done;
  }

  // Jobs that are put into it later are destroyed by the threads that have run them.
  void Close() noexcept {
    Jobs undelivered;
    const std::lock_guard<std::mutex> lock(mutex_);
    open_ = false;
    undelivered.swap(done_);
  }

 private:
  const std::function<void()> wake_;
  std::mutex mutex_;  // for what follows
  bool open_ = true;
  Jobs done_;
};

}  // namespace impersonate::pool
