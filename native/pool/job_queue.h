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

// A piece of native work that a pool thread runs as the token.
class Job {
 public:
  explicit Job(TokenRef token) : token_(std::move(token)) {}
  virtual ~Job() = default;
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;

  // On a pool thread, under the token.
  virtual void Run() = 0;
  // Called instead of Run() if the job will not run. On any thread.
  virtual void Cancel() noexcept = 0;

  const Token& token() const noexcept { return *token_; }

  // The reason if the thread could not act as the token; the job has not run then.
  std::optional<Error> failure;

 private:
  const TokenRef token_;
};

// A list, so that moving a job allocates no memory.
using Jobs = std::list<std::unique_ptr<Job>>;

// The jobs of one environment. A switch costs more than most jobs, so a pool thread that has switched to a
// token also runs the other jobs that wait for the same token, as one batch of limited time, before it
// reverts.
class JobQueue {
 public:
  // `wake` is called on a pool thread when a job is done and the thread continues with the next one.
  explicit JobQueue(std::function<void()> wake) : wake_(std::move(wake)) {}

  // Adds a job, which waits for a Work() or Cancel() of its token. There must be one later call for each job.
  void Add(std::unique_ptr<Job> job);

  // On a pool thread: runs the job that has waited longest for the token, and others after it. There may be
  // no job left, if another thread has run it. Aborts the process if the thread cannot revert to the
  // process's identity.
  void Work(const Token& token) noexcept;

  // Instead of Work(): cancels a job that waits for the token.
  void Cancel(const Token& token) noexcept;

  // Removes and returns the completed jobs, in the order of their completion.
  Jobs TakeDone() noexcept;

 private:
  // Removes and returns the oldest job that waits for the token, if any.
  Jobs Take(const Token& token) noexcept;
  void Done(Jobs jobs) noexcept;

  const std::function<void()> wake_;
  std::mutex mutex_;  // for what follows
  std::unordered_map<const Token*, Jobs> waiting_;
  Jobs done_;
};

}  // namespace impersonate::pool
