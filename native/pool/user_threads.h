#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>

#include "core/port/thread.h"
#include "core/token.h"
#include "pool/job.h"

namespace impersonate::pool {

struct Limits {
  // The threads that work for one user at a time, and all threads.
  std::size_t per_user = 4, threads = 64;
  // How long a thread without work stays the user of its last job.
  std::chrono::milliseconds idle_time{1000};
};

struct Statistics {
  std::size_t threads = 0;
  // Threads that run a job.
  std::size_t busy = 0;
  // Busy threads whose job has been abandoned: the system has not returned from its call.
  std::size_t hung = 0;
  // Threads without work that are still the user of their last job.
  std::size_t staying = 0;
  // Users with a job that runs or waits.
  std::size_t users = 0;
  std::size_t waiting_jobs = 0;
};

// The jobs that wait for one user, whatever their tokens, the oldest first.
struct User {
  const std::string* name = nullptr;
  Jobs waiting;
  // The threads that work for the user.
  std::size_t threads = 0;
  std::list<User*>::iterator turn;
};

// A thread of the pool.
struct Worker {
  std::thread thread;
  std::condition_variable woken;
  // The user of its jobs; null without work.
  User* user = nullptr;
  // Whether it has been woken and has not looked for a job since.
  bool waking = false;
  // The job that runs, and whether it has been abandoned.
  const Job* job = nullptr;
  bool hung = false;
  // The token in effect; null for the process identity.
  const Token* token = nullptr;
  // Whether it is without work; written with the mutex.
  std::atomic<bool> resting{false};
  // Whether it looks for work all the time, and whether it had soon had some when it was without last time.
  bool spinning = false, soon_busy = false;
  // Whether it is to revert.
  bool recalled = false;
  // Whether the pool has ended without waiting for it.
  bool detached = false;
  port::UserThread* self = nullptr;
};

// The threads that run jobs as users, for all environments of the process. A switch costs more than most
// jobs, so a thread without work stays the user of its last job for a time. Nothing but jobs runs on these
// threads. Users are served in turn, and a job that hangs holds one thread of its own user.
class UserThreads {
 public:
  // The process's threads. Never destroyed: a thread may hang in a job when the process ends.
  static UserThreads& Get();

  // Called by each environment that adds jobs: before, and when it ends. When the last one ends, the threads
  // end, too; Close() waits for those that run no job.
  void Open() noexcept;
  void Close() noexcept;

  // Adds a job. On the thread of an environment. Without `wake` the caller calls Wake() after it has added
  // its last one. Throws Error if there is no thread and none can be started.
  void Add(std::unique_ptr<Job> job, bool wake = true);
  // Wakes or starts a thread if a job waits that no thread is about to take.
  void Wake() noexcept;

  // Removes and destroys a job, which its outbox has not delivered, if it waits. Returns whether it did.
  bool Cancel(Job& job) noexcept;
  // Asks the system to return from the call of a running job. Until it does, the thread counts as hung.
  void Abandon(const Job& job) noexcept;

  // Removes the waiting jobs of an environment that ends.
  void Remove(const Outbox& outbox) noexcept;

  // Makes threads without work that are the token's user revert, and returns when they have.
  void Recall(const Token& token) noexcept;

  // While it lives, threads without work have the process identity, and no thread begins a job.
  class Pause {
   public:
    Pause() noexcept;
    ~Pause();
    Pause(const Pause&) = delete;
    Pause& operator=(const Pause&) = delete;
  };

  Limits limits() const;
  // Does nothing with `are_default` after an earlier call.
  void SetLimits(const Limits& limits, bool are_default = false);
  Statistics statistics() const;

 private:
  using Lock = std::unique_lock<std::mutex>;

  UserThreads() = default;

  using WorkerRef = std::list<Worker>::iterator;

  void Serve(WorkerRef self) noexcept;
  bool Rest(WorkerRef self, port::UserThread& thread, Jobs done, Lock& lock) noexcept;
  void End(WorkerRef self) noexcept;

  Jobs Take(Worker& self, bool in_turn) noexcept;
  Jobs TakeFrom(User& user, const Token* preferred) noexcept;
  void Withdraw(Job& job, Jobs& into) noexcept;
  void Leave(Worker& self) noexcept;
  User* NextUser() noexcept;

  WorkerRef Start();
  WorkerRef IdleFor(const Token* token) noexcept;
  void WakeNext();
  void TryWakeNext() noexcept;
  void RecallAll(Lock& lock, const Token* token) noexcept;

  mutable std::mutex mutex_;  // for what follows
  Limits limits_;
  bool limits_set_ = false;
  std::unordered_map<std::string, User> users_;
  // The users with waiting jobs, the next one first.
  std::list<User*> turn_;
  // The threads with work, and those without, of which the least recently used one is first.
  std::list<Worker> busy_, idle_;
  // Threads that have ended and have not been joined.
  std::list<Worker> ended_;
  std::condition_variable changed_;  // notified when a thread without work has reverted or ended
  // Whether a thread is waking, and whether one is spinning.
  bool waking_ = false, spinning_ = false;
  std::size_t environments_ = 0;
  std::size_t pauses_ = 0;
};

}  // namespace impersonate::pool
