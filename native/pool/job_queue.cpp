#include "pool/job_queue.h"

#include <chrono>

#include "core/port/thread.h"

namespace impersonate::pool {
namespace {

using Clock = std::chrono::steady_clock;

// The time in which a thread starts further jobs of a batch: ten times that of a switch, so that a longer one
// would gain little, and short enough not to delay the jobs of other tokens noticeably.
constexpr auto kBatchTime = std::chrono::microseconds(100);

}  // namespace

void JobQueue::Add(std::unique_ptr<Job> job) {
  const Token* const token = &job->token();
  Jobs added;
  added.push_back(std::move(job));
  const std::lock_guard<std::mutex> lock(mutex_);
  Jobs& waiting = waiting_[token];
  waiting.splice(waiting.end(), added);
}

Jobs JobQueue::Take(const Token& token) noexcept {
  Jobs taken;
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = waiting_.find(&token);
  if (found == waiting_.end()) return taken;
  Jobs& waiting = found->second;
  taken.splice(taken.end(), waiting, waiting.begin());
  if (waiting.empty()) waiting_.erase(found);
  return taken;
}

void JobQueue::Done(Jobs jobs) noexcept {
  const std::lock_guard<std::mutex> lock(mutex_);
  done_.splice(done_.end(), jobs);
}

void JobQueue::Work(const Token& token) noexcept {
  Jobs current = Take(token);
  if (current.empty()) return;
  try {
    const port::PoolThreadImpersonation impersonation(token);
    const Clock::time_point end = Clock::now() + kBatchTime;
    current.front()->Run();
    while (Clock::now() < end) {
      Jobs next = Take(token);
      if (next.empty()) break;
      // The next job may take long, so completed jobs are delivered before it.
      Done(std::move(current));
      wake_();
      current = std::move(next);
      current.front()->Run();
    }
  } catch (const Error& error) {
    current.front()->failure = error;
  }
  Done(std::move(current));
}

void JobQueue::Cancel(const Token& token) noexcept {
  Jobs cancelled = Take(token);
  if (cancelled.empty()) return;
  cancelled.front()->Cancel();
  Done(std::move(cancelled));
}

Jobs JobQueue::TakeDone() noexcept {
  Jobs done;
  const std::lock_guard<std::mutex> lock(mutex_);
  done.swap(done_);
  return done;
}

}  // namespace impersonate::pool
