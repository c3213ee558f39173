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
#include "fs/call.h"

namespace impersonate::fs {

// A call that a pool thread makes as the token.
struct Job {
  Job(TokenRef who, Call what) : token(std::move(who)), call(std::move(what)) {}
  virtual ~Job() = default;
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;

  const TokenRef token;
  Call call;
  // Why the thread could not act as the token; the call has not been made then.
  std::optional<Error> failure;
};

// A list, so that moving a job on takes no memory.
using Jobs = std::list<std::unique_ptr<Job>>;

// The jobs of one environment. A switch costs more than most calls: a pool thread that has taken a token on
// makes the calls that wait for the same token as well, for a short while, before it gives the token back.
class JobQueue {
 public:
  // `wake` is called by pool threads: something is done, and the thread goes on.
  explicit JobQueue(std::function<void()> wake) : wake_(std::move(wake)) {}

  // The job waits for a Work() of its token: there is to be one for each job, later.
  void Add(std::unique_ptr<Job> job);

  // On a pool thread: makes the call that has waited longest for the token, and others behind it. There may
  // be none left, made by another thread. Aborts the process if the thread cannot be itself again.
  void Work(const Token& token) noexcept;

  // Instead of Work(): a job that waits for the token is done with this error, and not made.
  void Cancel(const Token& token, int error) noexcept;

  // What is done, in the order in which it was.
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

}  // namespace impersonate::fs
