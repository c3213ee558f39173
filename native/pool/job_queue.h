#pragma once

#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>

#include "core/error.h"
#include "core/token.h"

namespace impersonate::pool {

// A piece of native work that a pool thread does as the token.
class Job {
 public:
  explicit Job(TokenRef token) : token_(std::move(token)) {}
  virtual ~Job() = default;
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;

  // On a pool thread, under the token.
  virtual void Run() = 0;
  // Instead of Run(): the work is not done. On any thread.
  virtual void Cancel() noexcept = 0;

  const Token& token() const noexcept { return *token_; }

  // Why the thread could not act as the token; the job has not been run then.
  std::optional<Error> failure;

 private:
  const TokenRef token_;
};

// A list, so that moving a job allocates no memory.
using Jobs = std::list<std::unique_ptr<Job>>;

// The jobs of one environment. A switch costs more than most jobs: a pool thread that has switched to a token
// also runs the other jobs that wait for the same token, as one batch of limited time, before it reverts.
class JobQueue {
 public:
  // `wake` is called by pool threads: a job is done, and the thread continues with the next.
  explicit JobQueue(std::function<void()> wake) : wake_(std::move(wake)) {}

  // The job waits for a Work() of its token. There must be one later for each job.
  void Add(std::unique_ptr<Job> job);

  // On a pool thread: runs the job that has waited longest for the token, and others after it. There may be
  // no job left, if another thread has run it. Aborts the process if the thread cannot revert to the
  // process's identity.
  void Work(const Token& token) noexcept;

  // Instead of Work(): cancels a job that waits for the token.
  void Cancel(const Token& token) noexcept;

  // The jobs that are done, in the order in which they ended.
  Jobs TakeDone() noexcept;

 private:
  // None or one.
  Jobs Take(const Token& token) noexcept;
  void Done(Jobs jobs) noexcept;

  const std::function<void()> wake_;
  std::mutex mutex_;  // for what follows
  std::unordered_map<const Token*, Jobs> waiting_;
  Jobs done_;
};

}  // namespace impersonate::pool
